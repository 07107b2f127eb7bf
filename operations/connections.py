"""Slow clients: gunicorn's thread worker, which gives a connection a thread only when its request is there.

Its own threads wait for a connection that says nothing, and for one that stops in the middle of its head or body
without end: thirty such clients stopped a site. Here the one thread that listens looks at what has come, and hangs up
after HEAD_SECONDS. A small request is all there before it gets a thread. Of large ones, uploads, some threads wait for
the rest, never all of them, and a client that sends, or takes its answer, more slowly than LEAST_RATE is given up.

A process of it loads the model when it starts, next to answering.

nginx does the same before gunicorn sees a request; this is for `make run`, and for what reaches gunicorn all the same.
"""

from __future__ import annotations

import errno
import re
import selectors
import socket
import struct
import threading
import time
from collections import deque
from enum import Enum, auto
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

HEAD_SECONDS = 15
STALLED_SECONDS = 30
PATIENCE_SECONDS = 10
LEAST_RATE = 4096
"""Bytes in each second that a thread has waited for a client, besides the first PATIENCE_SECONDS."""
PAGE_THREADS = 8
"""That large requests never take; half of them, where there are fewer than twice as many."""
_LOOK_EVERY = 0.05
_LEAVING_SECONDS = 2
_MOST_LOOKED_AT = 64 * 1024
_SMALL = 16 * 1024
"""A request with its body of which all is waited for: the system keeps that much for us."""
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_WITHOUT_LENGTH = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)


class PatientWorker(ThreadWorker):
    """Waits for the heads of requests in its listening thread."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._silent: dict[Any, float] = {}
        """Connections of which nothing has come, with the moment at which they are closed."""
        self._half: dict[Any, float] = {}
        """Those of which a part has come: looked at again and again."""
        self._leaving: dict[Any, float] = {}
        """Those that were answered for the last time, with the moment at which they are closed at the latest."""
        self._large: set[Any] = set()
        """Those that have a thread which may wait for the rest."""
        self._queue: deque[Any] = deque()
        """Those of which enough has come, and that wait until one of these is done."""
        self._next_look = 0.0
        self._most_large = max(self.cfg.threads - PAGE_THREADS, self.cfg.threads // 2, 1)

    def run(self) -> None:
        """In the process that answers, after any fork: load the model before the first upload waits for it."""
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        super().run()

    def enqueue_req(self, conn: Any) -> None:
        """Give the connection a thread, or wait for the rest of its request."""
        if not conn.initialized and not self.cfg.is_ssl:
            conn.sock = PacedSocket(conn.sock)
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
        elif _has_read_ahead(conn):  # how much of it has come cannot be looked at
            self._queue.append(conn)
            self._give_threads()
        else:
            self._look(conn, time.monotonic() + HEAD_SECONDS)

    def _look(self, conn: Any, until: float) -> None:
        come = _peeked(conn.sock)
        if come is None:
            self._silent[conn] = until
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_first_byte, conn))
        elif not come:
            self._hang_up(conn)
        elif (part := part_of_request(come)) is Part.ALL:
            self._give_thread(conn)
        elif part is Part.MUCH:
            self._queue.append(conn)
            self._give_threads()
        else:
            self._half[conn] = until

    def _give_threads(self) -> None:
        while self._queue and len(self._large) < self._most_large:
            conn = self._queue.popleft()
            self._large.add(conn)
            self._give_thread(conn)

    def _give_thread(self, conn: Any) -> None:
        conn.data_ready = True
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """In the listening thread, when a thread is done with a request."""
        self._large.discard(conn)
        self._give_threads()
        if fs.cancelled() or fs.exception() or not fs.result():
            self._let_go(conn)
        else:
            super().finish_request(conn, fs)

    def _let_go(self, conn: Any) -> None:
        """Say that nothing more comes, and close when the client has, so that it gets all of the answer.

        gunicorn waits for that in the thread that listens, two seconds for each client.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._hang_up(conn)
        else:
            self._leaving[conn] = time.monotonic() + _LEAVING_SECONDS

    def _see_off(self) -> None:
        now = time.monotonic()
        for conn, until in list(self._leaving.items()):
            if until < now or _taken(conn.sock) == b"":
                del self._leaving[conn]
                self._hang_up(conn)

    def _on_first_byte(self, conn: Any, _client: Any) -> None:
        self.poller.unregister(conn.sock)
        self._look(conn, self._silent.pop(conn))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        is_watched = self._half or self._leaving
        super().wait_for_and_dispatch_events(min(timeout, _LOOK_EVERY) if is_watched else timeout)
        if time.monotonic() < self._next_look:
            return  # a new connection must not wait for a look at all the others
        self._next_look = time.monotonic() + _LOOK_EVERY
        self._see_off()
        for conn, until in list(self._half.items()):
            del self._half[conn]
            self._look(conn, until)

    def murder_pending(self) -> None:
        """Close those whose time is over; all of them when the worker stops."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn, until in self._silent.items() if until < now or not self.alive]:
            del self._silent[conn]
            self.poller.unregister(conn.sock)
            self._hang_up(conn)
        for conn in [conn for conn, until in self._half.items() if until < now or not self.alive]:
            del self._half[conn]
            self._hang_up(conn)
        while self._queue and not self.alive:
            self._hang_up(self._queue.popleft())

    def _hang_up(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()


def warm_up() -> None:
    """Load the model of this process."""
    from diagnosis.inference.serving import warm  # not before the site is set up, and never in gunicorn's first process

    warm()


class PacedSocket(socket.socket):
    """A client's socket that fails where a thread has waited too long for what came, or went, through it."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        # By the kernel, of one call: a thread sets the socket to wait for ever.
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", STALLED_SECONDS, 0))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", PATIENCE_SECONDS, 0))
        self._waited, self._moved = 0.0, 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Some bytes. Raises ConnectionResetError for too slow a client."""
        started = time.monotonic()
        received = super().recv(size, flags)
        self._count(started, len(received))
        return received

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send some of it. Raises ConnectionResetError for too slow a client."""
        started = time.monotonic()
        sent = super().send(data, flags)
        self._count(started, sent)
        return sent

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of it. Raises ConnectionResetError for too slow a client."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest, flags) :]

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file through `send`: the system's own call would wait without end."""
        file.seek(offset)
        left = count if count is not None else 1 << 62
        while piece := file.read(min(left, _MOST_LOOKED_AT)):
            self.sendall(piece)
            left -= len(piece)
        return file.tell() - offset

    def _count(self, started: float, moved: int) -> None:
        self._waited += time.monotonic() - started
        self._moved += moved
        if self._waited > PATIENCE_SECONDS + self._moved / LEAST_RATE:
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")


class Part(Enum):
    """How much of a request has come."""

    LITTLE = auto()
    MUCH = auto()
    ALL = auto()


def part_of_request(come: bytes) -> Part:
    """By these first bytes. What tells no length, or waits to be asked for its body, is not waited for any longer."""
    end = come.find(_END_OF_HEAD)
    if end < 0:
        return Part.ALL if len(come) >= _MOST_LOOKED_AT else Part.LITTLE  # too long a head: refused
    head = come[: end + 2]
    if _WITHOUT_LENGTH.search(head):
        return Part.MUCH
    found = _LENGTH.search(head)
    if end + len(_END_OF_HEAD) + (int(found[1]) if found else 0) <= len(come):
        return Part.ALL
    return Part.MUCH if len(come) >= _SMALL else Part.LITTLE


def _has_read_ahead(conn: Any) -> bool:
    """Whether a part of the next request has been read with the one before, so that the socket does not show it."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())


def _peeked(sock: socket.socket) -> bytes | None:
    """What has come and stays to be read; None for nothing yet, and nothing where the client has gone."""
    return _taken(sock, socket.MSG_PEEK)


def _taken(sock: socket.socket, flags: int = 0) -> bytes | None:
    try:
        return socket.socket.recv(sock, _MOST_LOOKED_AT, flags | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""
