"""An archive, or a device in its place, that answers what fills the memory or never ends."""

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.models import Institution
from pacs import web_session
from pacs.dicomweb import fetch_file, last_change, search_studies
from pacs.errors import ArchiveFault
from pacs.models import Instance, Peer
from pacs.queries import StudyQuery
from tests.pacs.peers import peer_of

Answer = Callable[[BaseHTTPRequestHandler], None]


class _Hostile(BaseHTTPRequestHandler):
    answer: Answer

    def do_GET(self) -> None:
        with suppress(OSError):  # hung up on
            type(self).answer(self)

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def archive(hospital: Institution) -> Iterator[Peer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hostile) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield peer_of(hospital, dicomweb_url=f"{address}/web", changes_url=address)
        server.shutdown()


def head(handler: BaseHTTPRequestHandler, kind: str = "application/dicom+json", **more: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Type": kind, **more}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def nested(handler: BaseHTTPRequestHandler) -> None:
    head(handler)
    handler.wfile.write(b"[" * 100_000)


def packed(handler: BaseHTTPRequestHandler) -> None:
    head(handler, Content_Encoding="gzip")
    handler.wfile.write(gzip.compress(b"[]"))  # or gigabytes: it is not unpacked


def long_list(handler: BaseHTTPRequestHandler) -> None:
    head(handler)
    handler.wfile.write(b"[" + b"{}," * 4_000_000 + b"{}]")


def trickling(handler: BaseHTTPRequestHandler) -> None:
    head(handler)
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.2)


def elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:9/inside")
    handler.end_headers()


def no_data_set(handler: BaseHTTPRequestHandler) -> None:
    head(handler)
    handler.wfile.write(b"[5]")


@pytest.mark.parametrize("answer", [nested, packed, long_list, trickling, elsewhere, no_data_set])
def test_a_hostile_answer_is_a_fault(archive: Peer, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(_Hostile, "answer", staticmethod(answer), raising=False)
    monkeypatch.setattr(web_session, "WHOLE_SECONDS", 1)
    started = time.monotonic()
    for ask in (
        lambda: search_studies(archive, StudyQuery(patient_number="1")),
        lambda: last_change(archive, 0),
        lambda: fetch_file(archive, Instance(sop_instance_uid="1.2")),
    ):
        with pytest.raises(ArchiveFault):
            ask()
    assert time.monotonic() - started < 20


def test_a_pdu_of_gigabytes_is_hung_up_on(receiver_port: int, modality: Peer) -> None:
    """Before its bytes are read, and before it has named an AE title."""
    with socket.create_connection(("127.0.0.1", receiver_port), timeout=20) as device:
        device.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFF0))
        assert device.recv(1) == b""
