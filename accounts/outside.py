"""People whom an identity provider or a directory vouches for: found by its subject, registered, linked, updated.

Who they are and what they may do is decided outside; whether they are let in is decided here too: a suspended or closed
account stays out whatever the outside says. Every change is in the account's history and in the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import AccountError
from accounts.models import ExternalIdentity, Institution, User
from accounts.models.identities import TEXT_LENGTH
from accounts.normalise import normalised
from accounts.services import person_follow, person_link, person_register_outside
from audit.models import Action
from audit.services import record


class LetInNowhere(AccountError):
    """Somebody is known outside and not let in here; the message says why, `code` is for the audit."""

    def __init__(self, message: str, code: str, person: User | None = None) -> None:
        super().__init__(message)
        self.code, self.person = code, person


@dataclass(frozen=True)
class OutsidePerson:
    """What the outside says of somebody. `institution` is a name."""

    issuer: str
    subject: str
    username: str
    email: str
    first_name: str
    last_name: str
    institution: str
    is_radiographer: bool
    is_staff: bool

    @property
    def roles(self) -> dict[str, bool]:
        return {"is_radiographer": self.is_radiographer, "is_staff": self.is_staff}


def person_from_outside(outside: OutsidePerson) -> User:
    """The person, with name, institution and roles as the outside has them now. Raises LetInNowhere."""
    _check_lengths(outside)
    identity = _identity(outside)
    if identity is None:
        return _registered(outside)
    person = identity.person
    if person.status != User.Status.ACTIVE:
        raise LetInNowhere(_("Your account here is suspended or closed. Ask your administrator."), "status", person)
    _follow(outside, person)
    if not (outside.is_radiographer or outside.is_staff):
        raise _without_role(person)
    return person


def outside_link(*, outside: OutsidePerson, person: User) -> None:
    """Link the signed-in person's own account with the subject. Raises LetInNowhere."""
    _check_lengths(outside)
    try:
        with transaction.atomic():
            person_link(person=person, issuer=outside.issuer, subject=outside.subject)
    except IntegrityError:
        raise LetInNowhere(
            _("One of the two accounts is linked with another one already. Nothing was changed."), "linked", person
        ) from None


def is_linked(person: User) -> bool:
    return ExternalIdentity.objects.filter(person=person).exists()


def refusal_record(error: LetInNowhere, *, step: str) -> None:
    """For the audit: that somebody was not let in, and why, as a code."""
    detail = {"step": step, "reason": error.code}
    record(Action.SIGN_IN_FAILED, actor=None, subject=error.person, detail=detail)


def _identity(outside: OutsidePerson) -> ExternalIdentity | None:
    """MariaDB may compare without regard to case: what is found must be the very subject."""
    found = ExternalIdentity.objects.select_related("person__institution")
    rows = found.filter(issuer=outside.issuer, subject=outside.subject)
    return next((row for row in rows if (row.issuer, row.subject) == (outside.issuer, outside.subject)), None)


def _registered(outside: OutsidePerson) -> User:
    if not (outside.is_radiographer or outside.is_staff):
        raise _without_role(None)
    if not (outside.email and outside.username):
        raise LetInNowhere(_("Your hospital's sign-in gives no user name or no e-mail address for you."), "incomplete")
    person = User(institution=_institution(outside), **_details(outside), username=outside.username, **outside.roles)
    if _is_taken(outside):
        raise _taken()
    try:
        with transaction.atomic():
            person_register_outside(person=person, issuer=outside.issuer, subject=outside.subject)
    except IntegrityError:  # at the same moment
        identity = _identity(outside)
        if identity is None:
            raise _taken() from None
        return identity.person
    return person


def _is_taken(outside: OutsidePerson) -> bool:
    by_name = User.objects.filter(username_key=normalised(outside.username))
    return by_name.exists() or User.objects.filter(email_key=normalised(outside.email)).exists()


def _taken() -> LetInNowhere:
    return LetInNowhere(
        _(
            "There is an account with your user name or e-mail address here already. If it is yours, sign in with its "
            "password and link it in your profile; otherwise ask your administrator."
        ),
        "taken",
    )


def _without_role(person: User | None) -> LetInNowhere:
    return LetInNowhere(
        _("You are known to your hospital's sign-in, but in none of the groups that may work here. Ask your IT."),
        "no-group",
        person,
    )


def _institution(outside: OutsidePerson) -> Institution:
    found = Institution.objects.filter(name_key=normalised(outside.institution)).first()
    if found is None:
        raise LetInNowhere(
            _("Your hospital's sign-in names no institution that is registered here. Ask your administrator."),
            "institution",
        )
    return found


def _details(outside: OutsidePerson) -> dict[str, Any]:
    return {"email": outside.email, "first_name": outside.first_name, "last_name": outside.last_name}


def _follow(outside: OutsidePerson, person: User) -> None:
    """Roles and institution follow; of the details only the name, because new passwords go to the address."""
    names = {"first_name": outside.first_name, "last_name": outside.last_name}
    values: dict[str, Any] = {name: value for name, value in names.items() if value} | outside.roles
    values["institution"] = _institution(outside) if any(outside.roles.values()) else person.institution
    try:
        person_follow(person=person, values=values)
    except AccountError as error:
        raise LetInNowhere(str(error), "last-administrator", person) from None


def _check_lengths(outside: OutsidePerson) -> None:
    fields = {field.name: field for field in User._meta.concrete_fields}
    limits = {name: fields[name].max_length for name in ("username", "email", "first_name", "last_name")}
    limits |= {"issuer": TEXT_LENGTH, "subject": TEXT_LENGTH, "institution": 150}
    if not outside.subject or any(len(getattr(outside, name)) > (most or 0) for name, most in limits.items()):
        raise LetInNowhere(_("What your hospital's sign-in says of you cannot be stored here. Ask your IT."), "lengths")
