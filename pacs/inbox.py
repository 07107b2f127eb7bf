"""Received files until they are classified, on disk before the sender hears of success.

A receiver that was killed leaves a part file; its sender, which heard of no success, sends again.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from attempts.inbox import Inbox

_INBOX = Inbox("PACS_INBOX", ".dcm")
inbox_delete = _INBOX.delete
inbox_sweep = _INBOX.sweep


def inbox() -> Path:
    return _INBOX.folder


def inbox_write(content: bytes) -> str:
    """The name of a new file with this content. Raises OSError; then nothing of it has a name."""
    return _INBOX.keep(BytesIO(content))


def inbox_read(name: str) -> bytes:
    """Raises OSError where the file is not there (FileNotFoundError) or cannot be read."""
    return _INBOX.path(name).read_bytes()
