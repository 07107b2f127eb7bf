"""Creates one administrator and one radiographer, so that a new installation can be tried at once.

Their passwords are random, printed once and stored nowhere else. An account that exists is left as it is.
"""

import secrets
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import Institution, User
from accounts.normalise import normalised

INSTITUTION = "Demonstration Hospital"
ACCOUNTS = {
    "administrator": {"is_staff": True},
    "radiographer": {"is_radiographer": True},
}


class Command(BaseCommand):
    help = "Create an institution, one administrator and one radiographer with random passwords, printed once."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        created = [line for username in ACCOUNTS if (line := _create_account(username))]
        if created:
            self.stdout.write("Accounts (these passwords are shown only now):")
            self.stdout.write("\n".join(created))


def _create_account(username: str) -> str:
    """Return the line to print, or nothing where the account exists."""
    if User.objects.filter(username_key=username).exists():
        return ""
    institution, _created = Institution.objects.get_or_create(
        name_key=normalised(INSTITUTION), defaults={"name": INSTITUTION}
    )
    password = secrets.token_urlsafe(12)
    email = f"{username}@example.org"
    User.objects.create_user(username, email, password, institution=institution, **ACCOUNTS[username])
    return f"  {username:14} {password}"
