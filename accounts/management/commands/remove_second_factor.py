"""Removes somebody's second factor, for people who have lost both their app and their recovery codes.

Be sure of who asks: afterwards the password alone is enough. Every session of the person ends; the removal is in
the account's history. Where the settings ask for one, an administrator is led to a new one at the next sign-in.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.second_factor import authenticator_of
from accounts.services import second_factor_remove


class Command(BaseCommand):
    help = "Remove the second factor of a person who has lost it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = User.objects.get_by_natural_key(options["username"])
        except User.DoesNotExist as error:
            raise CommandError(f"There is no person with the user name {options['username']}.") from error
        if authenticator_of(person) is None:
            raise CommandError(f"{person.username} has no second factor.")
        if not options["yes"] and not _is_confirmed(person):
            raise CommandError("Nothing has been changed.")
        second_factor_remove(actor=None, person=person, reason="command line")
        self.stdout.write(f"{person.username} now signs in with the password alone.")


def _is_confirmed(person: User) -> bool:
    try:
        answer = input(f"Remove the second factor of {person.display_name} ({person.email})? Type the user name: ")
    except EOFError:
        return False
    return answer.strip() == person.username
