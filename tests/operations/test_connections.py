"""Clients that are slow, or say nothing, while others work: gunicorn without nginx, as `make run` has it."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from operations import connections

APPLICATION = """
import time
def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/much":
        body = bytes(30_000_000)
    start_response("200 OK", [("Content-Length", str(len(body) + 2))])
    return [b"ok" + body]
"""
THREADS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="module")
def port(folder: Path, project: Path) -> Iterator[int]:
    """A small application on the worker of the site, which gives up twenty times sooner than that."""
    (folder / "small.py").write_text(APPLICATION)
    (folder / "conf.py").write_text(
        "from pathlib import Path\nfrom operations import connections\n"
        "connections.HEAD_SECONDS, connections.STALLED_SECONDS, connections.PATIENCE_SECONDS = 3, 2, 2\n"
        "connections.warm_up = lambda: Path('warm').write_text('')\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = int(listener.getsockname()[1])
    makefile = (project / "Makefile").read_text()
    worker = re.search(r"--worker-class (\S+)", makefile)
    command = [sys.executable, "-m", "gunicorn", "small:application", "--bind", f"127.0.0.1:{number}"]
    command += ["--config", str(folder / "conf.py"), "--threads", str(THREADS), "--no-control-socket"]
    command += ["--worker-class", worker[1] if worker else "gthread", "--graceful-timeout", "3"]
    environment = os.environ | {"PYTHONPATH": f"{folder}:{project}"}
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end and not answers(number):
                time.sleep(0.1)
            yield number
        finally:
            process.terminate()


def connected(port: int, start: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(start)
    return client


def answers(port: int) -> bool:
    try:
        return asked(port).endswith(b"ok")
    except OSError:
        return False


def asked(port: int, request: bytes = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") -> bytes:
    with connected(port, request) as client:
        client.settimeout(20)
        answer = b""
        while piece := client.recv(4096):
            answer += piece
    return answer


def received(client: socket.socket, end: bytes, times: int = 1) -> bytes:
    """What has come when the answer's end is there: it may come in several pieces."""
    answer = b""
    while answer.count(end) < times and (piece := client.recv(4096)):
        answer += piece
    return answer


@pytest.mark.parametrize(
    "start", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["silent", "a letter", "half a head"]
)
def test_idle_clients_stop_no_one(port: int, start: bytes) -> None:
    idle = [connected(port, start) for _ in range(30)]
    started = time.monotonic()
    try:
        for _ in range(5):
            assert answers(port)
        assert time.monotonic() - started < 2.5, "sooner than the first of them is given up"
    finally:
        for client in idle:
            client.close()


def test_they_are_hung_up_on(port: int) -> None:
    with connected(port, b"GET / HT") as client:
        client.settimeout(15)
        with suppress(ConnectionResetError):
            assert client.recv(10) == b""


def test_an_answer_that_is_not_taken_frees_its_thread(port: int) -> None:
    stalled = [connected(port, b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2 * THREADS)]
    try:
        assert answers(port)
    finally:
        for client in stalled:
            client.close()


def post_head(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % length


SLOW = {
    "a form without its end": post_head(1000) + b"a=b",
    "an upload that stops": post_head(50_000_000) + bytes(20_000),
    "a body in pieces": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "a body to be asked for": post_head(50_000_000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
    "a second request without its end": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + post_head(1000) + b"a=b",
    "an end that is not answered": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("start", SLOW.values(), ids=SLOW)
def test_200_slow_clients_stop_no_one(port: int, start: bytes) -> None:
    """Each goes on to send a byte now and then, so that none of its silences is long."""
    slow = [connected(port, start) for _ in range(200)]
    try:
        for _ in range(4):
            for client in slow:
                with suppress(OSError):
                    client.send(b"x")
            started = time.monotonic()
            assert answers(port)
            assert time.monotonic() - started < 10
            time.sleep(0.2)
    finally:
        for client in slow:
            client.close()


def test_an_upload_gets_through_them(port: int) -> None:
    """Those that hold the threads of large requests are given up, one after another."""
    slow, is_over = [connected(port, post_head(50_000_000) + bytes(20_000)) for _ in range(THREADS)], threading.Event()

    def go_on() -> None:
        while not is_over.wait(0.2):
            for client in slow:
                with suppress(OSError):
                    client.send(b"x")

    threading.Thread(target=go_on, daemon=True).start()
    try:
        body = bytes(100_000)
        assert asked(port, post_head(len(body)) + body).endswith(b"ok" + body)
    finally:
        is_over.set()
        for client in slow:
            client.close()


def test_a_head_in_pieces_is_answered(port: int) -> None:
    with connected(port, b"GET / HTTP/1.1\r\nHost") as client:
        for piece in (b": x\r\nConnection", b": close\r\n", b"\r\n"):
            time.sleep(0.1)
            client.sendall(piece)
        assert b"200 OK" in received(client, b"ok")


def test_a_connection_is_used_again(port: int) -> None:
    with connected(port) as client:
        for _ in range(3):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            assert received(client, b"okabc").count(b"200 OK") == 1
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        assert received(client, b"ok", times=2).count(b"200 OK") == 2


def test_a_large_body_comes_through(port: int) -> None:
    body = bytes(3 * 1024**2)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert asked(port, head + body).endswith(body)


def test_the_site_waits_longer() -> None:
    assert (connections.HEAD_SECONDS, connections.STALLED_SECONDS, connections.PATIENCE_SECONDS) == (15, 30, 10)


@pytest.mark.usefixtures("port")
def test_a_process_warms_up_before_anybody_asks(folder: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and not (folder / "warm").exists():
        time.sleep(0.1)
    assert (folder / "warm").exists()
