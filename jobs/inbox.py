"""ZIP archives of jobs until they are done."""

from __future__ import annotations

from pathlib import Path

from attempts.inbox import Inbox

_INBOX = Inbox("JOBS_INBOX", ".zip")
inbox_keep = _INBOX.keep
inbox_path = _INBOX.path
inbox_delete = _INBOX.delete
inbox_sweep = _INBOX.sweep


def inbox() -> Path:
    return _INBOX.folder
