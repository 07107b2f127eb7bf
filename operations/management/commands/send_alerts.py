"""Sends alerts by e-mail or webhook where they are switched on (ALERT_…), and nothing otherwise.

For a timer that runs every few minutes.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.alerts.conditions import alerts_now
from operations.alerts.services import alerts_send


class Command(BaseCommand):
    help = "Send an e-mail or call a webhook about what needs somebody's attention."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what holds now, and send nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        found = alerts_now() if dry_run else alerts_send()
        if found is None:
            raise CommandError("The alerts could not be sent: see the log. The next run tries again.")
        for alert in found:
            self.stdout.write(alert.text)
