"""Says what keeps the site from starting here, one sentence a line, and ends with a status that is not 0.

gunicorn's configuration runs it before the first worker (deploy/gunicorn.conf.py). A missing model is no fault: the
site starts without one and says so. Status 75: only the database does not answer, which may pass; 1: anything else.
"""

import os
from typing import Any

from django.core.checks import ERROR, CheckMessage, run_checks
from django.core.management.base import BaseCommand, CommandError

from operations.checks import DATABASE_AWAY, MACHINE


class Command(BaseCommand):
    help = "Check settings, database, storage and static files before a start."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = [message for message in run_checks(include_deployment_checks=True) if message.level >= ERROR]
        faults: list[CheckMessage] = found or [fault for check in MACHINE for fault in check()]
        if faults:
            may_pass = {fault.id for fault in faults} == {DATABASE_AWAY}
            sentences = "\n".join(f"The site cannot start. {fault.msg}" for fault in faults)
            raise CommandError(sentences, returncode=os.EX_TEMPFAIL if may_pass else 1)
