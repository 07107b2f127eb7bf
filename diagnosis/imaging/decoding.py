"""Reads files that a stranger may have sent, in processes of their own: a bad file costs that process and nothing else.

A few processes are kept warm. A file goes to one of them, and its pixels come back, through shared memory: nothing is
copied through a pipe, and nothing that comes back is more than numbers and texts. `decoding_process` has the limits.
"""

import atexit
import fcntl
import hashlib
import json
import logging
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.errors import ModelUnavailable, RadiographRejected, gettext_noop
from diagnosis.imaging.decoding_process import MAX_MESSAGE_BYTES, MOST_STORED_BYTES, READ, READY, SAMPLES, STORED
from diagnosis.imaging.dicom import read_stored
from diagnosis.imaging.doubts import Doubt
from diagnosis.imaging.limits import MAX_PIXELS, refuse_size, too_costly
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.radiograph import DicomDetails, Radiograph, damaged, read_radiograph, sniffed_format
from diagnosis.imaging.samples import packed, read_samples
from diagnosis.imaging.view_tags import ViewTags

logger = logging.getLogger(__name__)

SECONDS = 60
"""By the clock, for one file: a machine with much to do gives a process little of its time."""
START_SECONDS = 60
FILES_OF_A_PROCESS = 500
"""Then another takes its place: what leaks in a decoder ends with it."""
KEPT = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
COMMAND: tuple[str, ...] = ("-m", "diagnosis.imaging.decoding_process")
_PROJECT = Path(__file__).resolve().parents[2]
_KNOWN_VARIABLES = {"PATH", "LANG", "LC_ALL", "TZ", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH"}
_VARIABLES = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
_OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGKILL}


class ProcessEnded(Exception):
    """The decoding process is there no longer; its exit status, negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class DecodingProcess:
    """One process, and this end of its socket."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: value for name, value in os.environ.items() if name in _KNOWN_VARIABLES} | _VARIABLES
        with other:
            self._process = subprocess.Popen(
                [sys.executable, *COMMAND, str(other.fileno())],
                cwd=_PROJECT,
                env=environment,
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders print what they find, which can be a patient's
                start_new_session=True,  # Ctrl-C is for the site, which then closes the socket
            )
        self._is_ready = False
        self.files = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def await_ready(self) -> None:
        """Raises ProcessEnded where it did not start."""
        if not self._is_ready:
            self._socket.settimeout(START_SECONDS)
            self._is_ready = self._receive() == READY

    def send(self, task: str, file: int, room: int) -> None:
        """Raises ProcessEnded."""
        self.files += 1
        try:
            socket.send_fds(self._socket, [task.encode()], [file, room])
        except OSError:
            raise ProcessEnded(self.end()) from None

    def answer(self) -> dict[str, Any]:
        """Raises ProcessEnded, also where it took more than SECONDS and was ended."""
        self._socket.settimeout(SECONDS)
        answer: dict[str, Any] = json.loads(self._receive(), object_hook=_dates)
        return answer

    def _receive(self) -> bytes:
        try:
            message = self._socket.recv(MAX_MESSAGE_BYTES)
        except TimeoutError:
            self._process.kill()
            message = b""
        except OSError:
            message = b""
        if not message:
            raise ProcessEnded(self.end())
        return message

    def end(self) -> int:
        """Close the socket, at which the process ends by itself or is made to; its exit status."""
        self._socket.close()
        try:
            return self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def forget(self) -> None:
        """Close this end in a process that was forked from the one that started it."""
        self._socket.close()
        self._process.returncode = 0


class DecodingPool:
    """Processes that wait for a file. As many run as files are read at once; KEPT of them stay."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[DecodingProcess] = []

    def warm(self, number: int = 1) -> None:
        """Start processes, unless so many wait already, and do not wait until they are ready."""
        with self._lock:
            while len(self._idle) < min(number, KEPT):
                self._idle.append(DecodingProcess())

    @contextmanager
    def process(self) -> Iterator[DecodingProcess]:
        """A process that is ready. If it ends over its file, another one takes its place.

        Raises ModelUnavailable where none can be started.
        """
        process = self._ready()
        try:
            yield process
        except BaseException:
            process.end()
            self.warm()
            raise
        self._give_back(process)

    def _ready(self) -> DecodingProcess:
        try:
            process = self._taken()
            process.await_ready()
        except (OSError, ProcessEnded) as error:
            logger.exception("a decoding process cannot be started")
            raise ModelUnavailable(
                gettext_noop("Radiographs cannot be read at this moment. Nothing was stored: try again later."),
                code="decoding-unavailable",
            ) from error
        return process

    def _taken(self) -> DecodingProcess:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive():
                    return process
                process.end()
        return DecodingProcess()

    def _give_back(self, process: DecodingProcess) -> None:
        is_kept = process.files < FILES_OF_A_PROCESS
        if is_kept:
            with self._lock:
                is_kept = len(self._idle) < KEPT
                if is_kept:
                    self._idle.append(process)
        if not is_kept:
            process.end()
            self.warm()

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            while self._idle:
                self._idle.pop().end()

    def forget(self) -> None:
        """In a process that was forked from this one: the processes are the other's."""
        self._lock = threading.Lock()
        for process in self._idle:
            process.forget()
        self._idle = []


_pool = DecodingPool()
warm = _pool.warm
atexit.register(_pool.close)
os.register_at_fork(after_in_child=_pool.forget)


def read_untrusted(content: bytes) -> Radiograph:
    """`read_radiograph` in a process of its own, with limits of memory, time and file size.

    Raises RadiographRejected, also where the file has cost that process its life, and ModelUnavailable where none can
    be started. Where the system has no shared memory that can be sealed, which Linux has, it is read in this process.
    """
    refuse_size(len(content))
    if not hasattr(os, "memfd_create"):
        return read_radiograph(content)
    with _asked(READ, content) as (answer, room, sha256):
        return replace(_radiograph(answer, room), sha256=sha256)


def samples_of_untrusted(content: bytes, correction: str = "") -> bytes:
    """`packed` samples of a file, made in the same way. Raises as `read_untrusted` does."""
    refuse_size(len(content))
    if not hasattr(os, "memfd_create"):
        return packed(read_samples(content, correction))
    with _asked(SAMPLES + correction, content) as (answer, room, _sha256):
        return os.pread(room, answer["bytes"], 0)


def stored_of_untrusted(content: bytes) -> np.ndarray:
    """The stored values of a DICOM file (`dicom.read_stored`), in the same way. Raises as `read_untrusted` does."""
    refuse_size(len(content))
    if not hasattr(os, "memfd_create"):
        return read_stored(content)[0]
    with _asked(STORED, content, room=MOST_STORED_BYTES) as (answer, room, _sha256):
        (height, width), kind = answer["shape"], np.dtype(answer["kind"])
        if kind.kind not in "ui" or not 0 < height * width * kind.itemsize <= MOST_STORED_BYTES:
            raise damaged("DICOM")
        return np.frombuffer(os.pread(room, height * width * kind.itemsize, 0), kind).reshape(height, width)


@contextmanager
def _asked(task: str, content: bytes, room: int = MAX_PIXELS) -> Iterator[tuple[dict[str, Any], int, str]]:
    """What a decoding process answers, the room in which it has put the rest, and the content's SHA-256."""
    kind = sniffed_format(content)
    with _shared(len(content)) as file, _shared(room) as answered:
        os.pwrite(file, content, 0)
        try:
            with _pool.process() as process:
                process.send(task, file, answered)
                sha256 = hashlib.sha256(content).hexdigest()  # while the other one decodes
                answer = process.answer()
        except ProcessEnded as end:
            logger.warning("a file of %d bytes ended its decoding process (status %d)", len(content), end.status)
            raise too_costly() if end.status in _OUT_OF_BOUNDS else damaged(kind) from end
        if "code" in answer:
            raise RadiographRejected(answer["message"], code=answer["code"], **answer["values"])
        yield answer, answered, sha256


@contextmanager
def _shared(size: int) -> Iterator[int]:
    """A file of zeros in memory, of a size that nobody can change: who reads it must not find it shortened."""
    descriptor = os.memfd_create("radiograph", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        yield descriptor
    finally:
        os.close(descriptor)


def _radiograph(answer: dict[str, Any], room: int) -> Radiograph:
    height, width = answer["shape"]
    pixels = np.frombuffer(mmap.mmap(room, height * width, access=mmap.ACCESS_READ), np.uint8)
    described = answer["radiograph"]
    if described["dicom"]:
        described["dicom"] = DicomDetails(**described["dicom"])
    described["view"] = ViewTags(**described["view"])
    described["doubts"] = tuple(map(Doubt, described["doubts"]))
    described["notes"] = tuple(map(ReadingNote, described["notes"]))
    return Radiograph(pixels=pixels.reshape(height, width), **described)


def _dates(value: dict[str, Any]) -> object:
    with suppress(KeyError, TypeError, ValueError):
        return date.fromisoformat(value["date"])
    return value
