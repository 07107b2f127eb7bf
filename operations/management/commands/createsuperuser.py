"""Django's `createsuperuser`, recorded in the account's history and in the audit; else no one is created.

An installation needs no superuser: `create_administrator` makes its first administrator.
"""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from accounts.models import User
from accounts.services import superuser_note


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        before = list(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        super().handle(*args, **options)
        for person in User.objects.filter(is_superuser=True).exclude(pk__in=before):
            try:
                superuser_note(person=person)
            except Exception:
                person.delete()
                raise
