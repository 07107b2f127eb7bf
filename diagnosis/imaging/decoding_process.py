"""The process that decodes what strangers send: `python -m diagnosis.imaging.decoding_process`, started by `decoding`.

It has limits of memory, processor time and file size, knows no secrets, reaches no network, starts no program, writes
no file (`confinement`), and imports neither Django nor an inference engine. It reads one file after another until the
other end of its socket is closed.
"""

import json
import os
import re
import resource
import socket
import sys
import warnings
from dataclasses import fields
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.confinement import confine
from diagnosis.imaging.dicom import read_stored
from diagnosis.imaging.limits import too_costly
from diagnosis.imaging.radiograph import MAX_PIXELS, Radiograph, damaged, read_radiograph, sniffed_format
from diagnosis.imaging.samples import packed, read_samples

CPU_SECONDS = 10
"""Of one file. The most costly that is accepted takes about four on a processor of 2020."""
MEMORY_BYTES = 600 * 1024**2
"""Of addresses, besides what the process has when it is ready: a decoder at its limit, the file and the pixels."""
MAX_MESSAGE_BYTES = 64 * 1024
READY = b"ready"
READ, STORED, SAMPLES = "read", "stored", "samples "
"""What is asked for: a radiograph with its pixels, a DICOM file's stored values, or samples for the viewer, with a
correction after the blank."""
MOST_STORED_BYTES = 2 * MAX_PIXELS
_OPEN_FILES = 64


def main(connection: socket.socket) -> None:
    """Answer each message, which carries the file and room for its pixels, with what was read."""
    warnings.simplefilter("ignore")
    _warm()
    _limit()
    confine()
    connection.send(READY)
    while True:
        task, descriptors, _, _ = socket.recv_fds(connection, MAX_MESSAGE_BYTES, 2)
        if len(descriptors) != 2:
            return
        try:
            connection.send(_answer(task.decode(), *descriptors))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def _warm() -> None:
    """Load what Pillow and pydicom load when they first read a file."""
    stream = BytesIO()
    Image.new("L", (8, 8)).save(stream, "PNG")
    read_radiograph(stream.getvalue())


def _limit() -> None:
    status = Path("/proc/self/status").read_text()
    addresses = int(re.findall(r"VmSize:\s+(\d+) kB", status)[0]) * 1024
    for kind, limit in (
        (resource.RLIMIT_AS, addresses + MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, MOST_STORED_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(kind, (limit, limit))


def _answer(task: str, file: int, room: int) -> bytes:
    """Read the file, write its pixels or its packed samples to the room, and return everything else as JSON."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    try:
        with os.fdopen(os.dup(file), "rb") as stream:
            content = stream.read()
        if task == READ:
            return _read(content, room)
        return _store(content, room) if task == STORED else _sample(content, task, room)
    except RadiographRejected as refusal:
        return _refused(refusal)
    except MemoryError:
        return _refused(too_costly())


def _read(content: bytes, room: int) -> bytes:
    radiograph = read_radiograph(content, sha256="")
    os.pwrite(room, radiograph.pixels.data, 0)
    return _json({"shape": radiograph.pixels.shape, "radiograph": _described(radiograph)})


def _store(content: bytes, room: int) -> bytes:
    try:
        stored, _dataset = read_stored(content)
    except (RadiographRejected, MemoryError):
        raise
    except Exception as error:  # decoders raise anything at all
        raise damaged("DICOM") from error
    os.pwrite(room, np.ascontiguousarray(stored).data, 0)
    return _json({"shape": stored.shape, "kind": stored.dtype.str})


def _sample(content: bytes, task: str, room: int) -> bytes:
    """`task` ends with what a person had done to the picture."""
    try:
        body = packed(read_samples(content, task.removeprefix(SAMPLES)))
    except (RadiographRejected, MemoryError):
        raise
    except Exception as error:  # decoders raise anything at all
        raise damaged(sniffed_format(content)) from error
    if len(body) > MAX_PIXELS:
        raise too_costly()
    os.pwrite(room, body, 0)
    return _json({"bytes": len(body)})


def _refused(refusal: RadiographRejected) -> bytes:
    return _json({"message": refusal.message, "code": refusal.code, "values": refusal.values})


def _described(radiograph: Radiograph) -> dict[str, Any]:
    return {field.name: getattr(radiograph, field.name) for field in fields(radiograph) if field.name != "pixels"}


def _json(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return vars(value)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
