"""Makes the first administrator of an installation, who then registers everybody else on the site.

The password is asked for, or read from the standard input with --password-stdin, so that it is in no list of
processes and no shell history. It passes the same checks as everybody's. The account is an administrator's, never a
superuser's, and where the settings ask for a second factor the first sign-in leads to setting one up.
"""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import Institution, User
from accounts.normalise import normalised
from accounts.services import administrator_create, institution_create

ASKED = {"username": "User name", "email": "E-mail address", "institution": "Institution"}


class Command(BaseCommand):
    help = "Create an active administrator (no superuser); asks for what the options do not give."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", help="to sign in with (default: asked for)")
        parser.add_argument("--email", help="of the account (default: asked for)")
        parser.add_argument(
            "--institution", help="its name; it is created where there is none of that name (default: asked for)"
        )
        parser.add_argument("--first-name", default="", help="(default: empty)")
        parser.add_argument("--last-name", default="", help="(default: empty)")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from the standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] or _ask(question) for name, question in ASKED.items()}
        person = User(
            username=given["username"],
            email=given["email"],
            first_name=options["first_name"],
            last_name=options["last_name"],
        )
        try:
            person.institution = _institution(given["institution"])
            person.full_clean(exclude=["password", "institution"])
            password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else _ask_password()
            validate_password(password, person)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        _store(person, password)
        self.stdout.write(f"{person.username} administers {person.institution}. Sign in and register the others.")


@transaction.atomic
def _store(person: User, password: str) -> None:
    institution = person.institution
    if institution._state.adding:
        institution_create(actor=None, institution=institution)
    person.institution = institution  # set once more: only now does it have a primary key
    administrator_create(person=person, password=password)


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"{question} is missing: give it as an option.")
    return input(f"{question}: ").strip()


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("Give --password-stdin and write the password to the standard input.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two passwords are not the same.")
    return password


def _institution(name: str) -> Institution:
    """The one of that name, or a new one that is not stored yet. Raises ValidationError."""
    known = Institution.objects.filter(name_key=normalised(name)).first()
    institution = known or Institution(name=name)
    institution.full_clean()
    return institution
