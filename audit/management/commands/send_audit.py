"""Sends audit entries to the hospital's collector (AUDIT_COLLECTOR), until it is stopped (docs/audit.md)."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from attempts.faults import Outage
from audit.collector import Collector, CollectorAway, collector
from audit.forwarding import batch_forward

logger = logging.getLogger(__name__)

_PAUSE = 5.0
_AFTER_A_FAULT = 30.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is there, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        to = collector()
        if to is None:
            raise CommandError("AUDIT_COLLECTOR names no collector.")
        if once:
            self._once(to)
            return
        stopped, self._outage = threading.Event(), Outage(logger)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        logger.info("sending audit entries to %s:%d", to.host, to.port)
        while not stopped.is_set():
            stopped.wait(self._round(to, stopped))

    def _once(self, to: Collector) -> None:
        sent = 0
        try:
            while found := batch_forward(to):
                sent += found
        except CollectorAway as error:
            raise CommandError(f"The collector did not take the entries: {error}. The next run tries again.") from None
        self.stdout.write(f"{sent} entries sent.")

    def _round(self, to: Collector, stopped: threading.Event) -> float:
        """Everything that is there; how long to wait then. Collector and database may be away for a while."""
        try:
            close_old_connections()
            while not stopped.is_set() and batch_forward(to):
                pass
        except CollectorAway as error:
            logger.warning("the audit's collector does not take entries: %s", error)
            return _AFTER_A_FAULT
        except DatabaseFault as error:
            self._outage.met(error)
            return _AFTER_A_FAULT
        self._outage.over()
        return _PAUSE
