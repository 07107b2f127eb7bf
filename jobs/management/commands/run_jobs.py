"""Works on jobs until it is stopped. With CELERY_BROKER_URL it hands them to Celery's workers (docs/jobs.md)."""

import logging
import os
import re
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.rounds import Rounds
from jobs.workers import AlreadyRunning, end_with_parent, named, until_stopped

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9-]{1,20}\Z")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--worker", default="1", help="a name of its own for each of several on a machine (1)")
        parser.add_argument("--nice", type=int, default=10, help="how far people's uploads come first: 0 to 19 (10)")
        parser.add_argument("--with-parent", action="store_true", help="end when the process that started it ends")

    def handle(self, *args: Any, worker: str, nice: int, with_parent: bool, **options: Any) -> None:
        if not _NAME.match(worker):
            raise CommandError("A worker's name has letters, digits and dashes.")
        if with_parent:
            end_with_parent()
        os.nice(nice)
        try:
            with named(worker) as name:
                self._run(name)
        except AlreadyRunning:
            raise CommandError(f"A worker named {worker} runs on this machine: choose another --worker.") from None

    def _run(self, worker: str) -> None:
        rounds = Rounds(worker)
        work = rounds.work_next
        if settings.CELERY_BROKER_URL:
            from jobs.messages import send_due

            work = send_due
        logger.info("working on jobs as %s in process %d", worker, os.getpid())

        def one_round() -> bool:
            rounds.settle()
            return rounds.list_next() or work()

        until_stopped(worker, one_round)
