"""Slow clients: gunicorn's thread worker, which gives a connection a thread only when a request's head is all there.

Its own threads wait for a connection that says nothing, and for one that stops in the middle of its head without end:
thirty such clients stopped a site. Here the one thread that listens looks at what has come, and hangs up after
HEAD_SECONDS. A body, and a client that takes no answer, is waited for by a thread, but for STALLED_SECONDS only.

A process of it loads the model when it starts, next to answering.

nginx does the same before gunicorn sees a request; this is for `make run`, and for what reaches gunicorn all the same.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

HEAD_SECONDS = 15
STALLED_SECONDS = 30
_LOOK_EVERY = 0.05
_MOST_LOOKED_AT = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"


class PatientWorker(ThreadWorker):
    """Waits for the heads of requests in its listening thread."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._silent: dict[Any, float] = {}
        """Connections of which nothing has come, with the moment at which they are closed."""
        self._half: dict[Any, float] = {}
        """Those of which a part of a head has come: looked at again and again."""

    def run(self) -> None:
        """In the process that answers, after any fork: load the model before the first upload waits for it."""
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        super().run()

    def enqueue_req(self, conn: Any) -> None:
        """Give the connection a thread, or wait for the rest of its head."""
        if not conn.initialized:
            _bound(conn.sock)
        if self.cfg.is_ssl or _has_read_ahead(conn):
            super().enqueue_req(conn)
        else:
            self._look(conn, time.monotonic() + HEAD_SECONDS)

    def _look(self, conn: Any, until: float) -> None:
        come = _peeked(conn.sock)
        if come is None:
            self._silent[conn] = until
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_first_byte, conn))
        elif not come:
            self._hang_up(conn)
        elif _END_OF_HEAD in come or len(come) >= _MOST_LOOKED_AT:
            conn.data_ready = True
            super().enqueue_req(conn)
        else:
            self._half[conn] = until

    def _on_first_byte(self, conn: Any, _client: Any) -> None:
        self.poller.unregister(conn.sock)
        self._look(conn, self._silent.pop(conn))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, _LOOK_EVERY) if self._half else timeout)
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

    def _hang_up(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()


def warm_up() -> None:
    """Load the model of this process."""
    from diagnosis.inference.serving import warm  # not before the site is set up, and never in gunicorn's first process

    warm()


def _bound(sock: socket.socket) -> None:
    """The kernel's own limits: a thread sets the socket to wait without end."""
    seconds = struct.pack("ll", STALLED_SECONDS, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)


def _has_read_ahead(conn: Any) -> bool:
    """Whether a part of the next request has been read with the one before, so that the socket does not show it."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())


def _peeked(sock: socket.socket) -> bytes | None:
    """What has come and stays to be read; None for nothing yet, and nothing where the client has gone."""
    try:
        return sock.recv(_MOST_LOOKED_AT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""
