"""How much a peer may send over DICOM before it is hung up on: length of a PDU, of a command, of a C-FIND answer.

pynetdicom itself reads a PDU of any length that its six first bytes promise, up to 4 GB, before it looks at it.
"""

from __future__ import annotations

from typing import Any

from pynetdicom import evt

MAX_PDU_BYTES = 1024 * 1024
"""Ours say that they take 16 kB of data at a time; an association request names up to 128 contexts."""
MAX_COMMAND_BYTES = 64 * 1024
MAX_FOUND_BYTES = 1024 * 1024
"""Of one answer to a question."""


def bound_pdus(event: evt.Event) -> None:
    """When a connection opens: read no longer PDU through its socket."""
    transport: Any = event.assoc.dul.socket
    read = transport.recv

    def bounded(length: int) -> bytearray:
        if length > MAX_PDU_BYTES:
            raise OSError("a PDU longer than any that was agreed on")
        return bytearray(read(length))

    transport.recv = bounded


def bound_command(event: evt.Event) -> None:
    """Forget a command that has become too long while it comes in: it cannot be decoded then."""
    message: Any = event.assoc.dimse.message
    if message and message.encoded_command_set.tell() > MAX_COMMAND_BYTES:
        message.encoded_command_set.seek(0)
        message.encoded_command_set.truncate()


def bound_answer(event: evt.Event) -> None:
    """Forget an answer that has become too long while it comes in: it holds nothing then."""
    message: Any = event.assoc.dimse.message
    if message and message.data_set.tell() > MAX_FOUND_BYTES:
        message.data_set.seek(0)
        message.data_set.truncate()


BOUNDS: list[Any] = [(evt.EVT_CONN_OPEN, bound_pdus), (evt.EVT_PDU_RECV, bound_command)]
"""Event handlers of either side."""
ASKING_BOUNDS: list[Any] = [*BOUNDS, (evt.EVT_PDU_RECV, bound_answer)]
"""Of the side that asks."""
