"""The hospital's audit collector (audit record repository): syslog over TLS, RFC 5424 in the frames of RFC 5425.

Syslog has no receipt. A batch counts as taken when the collector, after the connection was closed from here, closes it
too and has read all of it by then. Anything else counts as not sent, and comes again: twice is told by the entry's
number, and never is not.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC

from django.conf import settings

from audit.dicom_message import dicom_message
from audit.models import AuditEntry

TIMEOUT_SECONDS = 20
_PRIORITY = 10 * 8 + 5
"""Facility authpriv, severity notice."""
_MESSAGE_ID = "DICOM+RFC3881"
"""What PS3.15 A.6 calls every audit message of DICOM."""
_UTF8_MARK = b"\xef\xbb\xbf"
_LONGEST_HOST = 255
_TCP_CLOSED = 7
"""Of Linux: both ends are closed and acknowledged, or the connection was reset."""
_LOOK_EVERY = 0.01


class CollectorAway(Exception):
    """The collector did not take a batch; the message says why, for the log."""


@dataclass(frozen=True)
class Collector:
    """authority: path of the certificates that are believed, empty for the system's. certificate, key: own ones."""

    host: str
    port: int
    authority: str
    certificate: str
    key: str
    source: str

    def batch_send(self, entries: Sequence[AuditEntry]) -> None:
        """Raises CollectorAway where it is not certain that all were taken."""
        try:
            context = ssl.create_default_context(cafile=self.authority or None)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
            plain = socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)
            with plain, context.wrap_socket(plain, server_hostname=self.host) as tls:
                for entry in entries:
                    tls.sendall(framed(entry, source=self.source))
                _close(tls)
        except (OSError, ValueError) as error:
            raise CollectorAway(f"{type(error).__name__}: {error}") from error


def collector() -> Collector | None:
    """That of the settings."""
    if not settings.AUDIT_COLLECTOR:
        return None
    host, _colon, port = settings.AUDIT_COLLECTOR.rpartition(":")
    return Collector(
        host=host.strip("[]"),
        port=int(port),
        authority=settings.AUDIT_COLLECTOR_CA,
        certificate=settings.AUDIT_COLLECTOR_CERTIFICATE,
        key=settings.AUDIT_COLLECTOR_KEY,
        source=settings.AUDIT_SOURCE,
    )


def framed(entry: AuditEntry, *, source: str) -> bytes:
    """Length, space, message."""
    moment = entry.time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    host = socket.gethostname()[:_LONGEST_HOST] or "-"
    head = f"<{_PRIORITY}>1 {moment} {host} covidxray {os.getpid()} {_MESSAGE_ID} - "
    message = head.encode("ascii", "replace") + _UTF8_MARK + dicom_message(entry, source=source)
    return b"%d %s" % (len(message), message)


def _close(tls: ssl.SSLSocket) -> None:
    """Say that this is all, and wait until the collector closes. Raises OSError where it had not read everything.

    A collector that refuses closes too, perhaps even with TLS's goodbye: but what it has not read then, its system
    answers with a reset. Some close without the goodbye, which OpenSSL calls a fault.
    """
    with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
        tls.unwrap()
    tls.shutdown(socket.SHUT_WR)
    until = time.monotonic() + TIMEOUT_SECONDS
    while tls.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _TCP_CLOSED:
        if time.monotonic() > until:
            raise TimeoutError("the collector does not confirm the end")
        time.sleep(_LOOK_EVERY)
    if fault := tls.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(fault, os.strerror(fault))
