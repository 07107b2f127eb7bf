"""Sends results back to the archives entered in the administration, until it is stopped (docs/pacs.md)."""

import logging
import os
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from attempts.claims import leases_end
from attempts.faults import Outage
from pacs.models import Outgoing
from pacs.outbox import outbox_fill
from pacs.processes import stopped_by_signal
from pacs.sending import send_next

logger = logging.getLogger(__name__)

_PAUSE = 2.0
_AFTER_A_FAULT = 15.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then exit")
        parser.add_argument(
            "--worker", default="sender", help="a different name for each, where several run (default: sender)"
        )

    def handle(self, *args: Any, once: bool, worker: str, **options: Any) -> None:
        stopped = threading.Event() if once else stopped_by_signal()
        if not once:
            logger.info("sending to the PACS as %s in process %d", worker, os.getpid())
        self._is_new, self._outage = True, Outage(logger)
        while not stopped.is_set():
            pause = self._round(worker, stopped, once)
            if once:
                return
            stopped.wait(pause)

    def _round(self, worker: str, stopped: threading.Event, once: bool) -> float:
        """Everything that is due; how long to wait then. The database may be away for a while."""
        try:
            close_old_connections()
            if self._is_new:  # what was sent when this worker was killed is sent again
                leases_end(Outgoing, worker=worker)
                self._is_new = False
            while outbox_fill():
                pass
            while not stopped.is_set() and send_next(worker=worker):
                pass
        except DatabaseFault as error:
            if once:
                raise
            self._outage.met(error)
            return _AFTER_A_FAULT
        self._outage.over()
        return _PAUSE
