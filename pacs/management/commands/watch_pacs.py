"""Looks for new radiographs in the archives that are watched, and fetches and classifies whatever the ledger holds.

Runs until it is stopped; one process on a machine. What it was at when it was killed goes on at the next start.
"""

import fcntl
import logging
import socket
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFault
from django.db import close_old_connections, connections

from attempts.claims import leases_end
from attempts.faults import Outage
from pacs.inbox import inbox, inbox_sweep
from pacs.models import Instance
from pacs.processes import stopped_by_signal
from pacs.services import files_in_use
from pacs.watching import Watch, look, watched_peers
from pacs.work import stopped_files_expire, work_once

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
FAULT_SECONDS = 5.0
SWEEP_SECONDS = 3600.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="check once, process what is due, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stopped = threading.Event()
        self.watches: dict[int, Watch] = {}
        self.swept = float("-inf")
        with (inbox() / "worker.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError("watch_pacs is already running on this machine.") from None
            self._run(worker=socket.gethostname()[:64], once=options["once"])

    def _run(self, *, worker: str, once: bool) -> None:
        if not once:
            self.stopped = stopped_by_signal()
        has_begun, outage = False, Outage(logger)
        while not self.stopped.is_set():
            try:
                if not has_begun:
                    leases_end(Instance, worker=worker)
                    has_begun = True
                was_busy = self._round(worker)
                outage.over()
            except DatabaseFault as error:
                if once:
                    raise
                outage.met(error)
                connections.close_all()
                was_busy = False
                self.stopped.wait(FAULT_SECONDS)
            if once and not was_busy:
                return
            if not was_busy:
                self.stopped.wait(IDLE_SECONDS)

    def _round(self, worker: str) -> bool:
        """One look at each archive whose time it is, and one row; whether there was anything to do."""
        close_old_connections()
        for peer in watched_peers():
            look(peer, self.watches.setdefault(peer.pk, Watch()))
        if time.monotonic() - self.swept > SWEEP_SECONDS:
            stopped_files_expire()
            inbox_sweep(files_in_use())
            self.swept = time.monotonic()
        return work_once(worker=worker)
