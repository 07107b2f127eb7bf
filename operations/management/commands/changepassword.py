"""Django's `changepassword`, recorded: in the account's history and in the audit, and every session of the person ends.

It is here because of two commands of one name that of the application named first counts (INSTALLED_APPS).
"""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import password_set


class Command(BaseCommand):
    help = "Set a person's password, from the command line only; it is recorded."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose password is set")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from the standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = User.objects.get_by_natural_key(options["username"])
        except User.DoesNotExist as error:
            raise CommandError(f"There is no person with the user name {options['username']}.") from error
        password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else _asked()
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        password_set(person=person, password=password, is_reset=False, by_command=True)
        self.stdout.write(f"The password of {person.username} was changed. Every session of this person has ended.")


def _asked() -> str:
    if not sys.stdin.isatty():
        raise CommandError("Give --password-stdin and write the password to the standard input.")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two passwords are not the same.")
    return password
