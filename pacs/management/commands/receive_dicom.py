"""Receives radiographs by C-STORE from the PACS and modalities of the administration, until stopped (docs/pacs.md)."""

import logging
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pacs.inbox import inbox_sweep
from pacs.processes import stopped_by_signal
from pacs.services import files_in_use
from pacs.storage_scp import start_receiver

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            inbox_sweep(files_in_use())
            receiver, server = start_receiver()
        except OSError as error:
            raise CommandError(f"It could not start: {error.strerror or error}. Check the settings PACS_….") from error
        stopped = stopped_by_signal()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        logger.info("receiving as %s on %s port %d", settings.PACS_AE_TITLE, settings.PACS_HOST, settings.PACS_PORT)
        stopped.wait()
        server.shutdown()
        receiver.shutdown()
