"""Register many people from a CSV file (bulk import): read, check, and, when all is right, store and invite.

Columns, in any order: username, email, first_name, last_name, institution, roles. Roles are `radiographer`,
`administrator`, or both with a plus sign between them. Nothing is stored if any line is wrong.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import AccountError, MailUnavailable
from accounts.models import Institution, User
from accounts.normalise import normalised
from accounts.services import invitation_send, person_register
from accounts.wording import listed

MOST_BYTES = 256 * 1024
MOST_PEOPLE = 500
_LONGEST = 400
COLUMNS = ("username", "email", "first_name", "last_name", "institution", "roles")
ROLES = {"radiographer": "is_radiographer", "administrator": "is_staff"}


@dataclass(frozen=True)
class Line:
    """One line of the file: its number, the person that it would make, and what is wrong with it."""

    number: int
    person: User
    institution: str
    problems: list[str] = field(default_factory=list)


def people_read(content: bytes) -> list[Line]:
    """Every line, checked against the others and against who is registered. Raises AccountError for no such file."""
    if len(content) > MOST_BYTES:
        raise AccountError(_("The file is larger than %(kilobytes)d kB.") % {"kilobytes": MOST_BYTES // 1024})
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise AccountError(_("The file is not a CSV file in UTF-8.")) from error
    if not rows or sorted(map(str.strip, rows[0])) != sorted(COLUMNS):
        raise AccountError(_("The first line must name these columns: %(names)s.") % {"names": ", ".join(COLUMNS)})
    if len(rows) > MOST_PEOPLE + 1:
        raise AccountError(_("The file has more than %(number)d people.") % {"number": MOST_PEOPLE})
    hospitals = {hospital.name_key: hospital for hospital in Institution.objects.all()}
    names = [name.strip() for name in rows[0]]
    lines = [_line(number, names, row, hospitals) for number, row in enumerate(rows[1:], 2) if any(row)]
    _compare(lines)
    return lines


def _delimiter(text: str) -> str:
    first = text[:_LONGEST].partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _line(number: int, names: list[str], row: list[str], hospitals: dict[str, Institution]) -> Line:
    values = dict(zip(names, (value.strip() for value in row), strict=False))
    person = User(**{name: values.get(name, "")[:_LONGEST] for name in COLUMNS[:4]})
    line = Line(number, person, values.get("institution", "")[:_LONGEST])
    if len(row) != len(names):
        line.problems.append(_("This line has %(number)d values.") % {"number": len(row)})
    line.problems.extend(_roles(person, values.get("roles", "")[:_LONGEST]))
    hospital = hospitals.get(normalised(line.institution))
    if hospital is None:
        line.problems.append(_("There is no institution of this name."))
    else:
        person.institution = hospital
    line.problems.extend(_faults(person))
    return line


def _roles(person: User, text: str) -> Iterator[str]:
    words = {word.strip().lower() for word in text.split("+") if word.strip()}
    if not words or words - ROLES.keys():
        yield _("Roles are: radiographer, administrator, or radiographer+administrator.")
    for word in words & ROLES.keys():
        setattr(person, ROLES[word], True)


def _faults(person: User) -> Iterator[str]:
    try:
        person.full_clean(exclude=["password", "institution"])
    except ValidationError as error:
        for name, texts in error.message_dict.items():
            yield f"{name}: {' '.join(texts)}"


def _compare(lines: list[Line]) -> None:
    """Note what stands in two lines."""
    for name in ("username", "email"):
        keys = Counter(normalised(getattr(line.person, name)) for line in lines)
        for line in lines:
            if keys[normalised(getattr(line.person, name))] > 1:
                line.problems.append(_("%(column)s: another line has the same value.") % {"column": name})


@transaction.atomic
def people_register(*, actor: User | None, lines: list[Line]) -> list[User]:
    """Store all of them, or none. Raises AccountError where a line has a problem."""
    if wrong := [str(line.number) for line in lines if line.problems]:
        raise AccountError(_("Nothing was stored. Lines to correct: %(lines)s.") % {"lines": listed(wrong[:20])})
    for line in lines:
        person_register(actor=actor, person=line.person)
    return [line.person for line in lines]


def people_invite(
    *, actor: User | None, people: list[User], site: str, said: Callable[[User], None] = lambda person: None
) -> list[User]:
    """Send each an invitation; returns those whose message the mail server did not take."""
    missed = []
    for person in people:
        try:
            invitation_send(actor=actor, person=person, site=site)
        except MailUnavailable:
            missed.append(person)
        said(person)
    return missed
