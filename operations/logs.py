"""Application logs: one JSON record per line, with the request id, without patient data."""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType

from audit.requests import request_id
from diagnosis.files.faults import StorageFault


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON.

    A line break in a value is escaped by JSON, so no one can forge a record. Of an exception it tells the type and
    where it was raised, never its message: a database's message may quote the row, and with it a patient.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := request_id.get():
            line["request"] = request
        if record.exc_info and record.exc_info[1]:
            line |= _exception_fields(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, default=str)


def _exception_fields(error: BaseException, trace: TracebackType | None) -> dict[str, object]:
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
    fields: dict[str, object] = {"error": type(error).__qualname__, "frames": frames}
    if isinstance(error, OSError):
        fields["errno"] = error.errno
    if isinstance(error, StorageFault):
        fields["reason"] = error.strerror  # our own sentence, which names a bucket and nothing else
    return fields
