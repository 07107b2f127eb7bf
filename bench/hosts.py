"""Two hosts on one machine: network namespaces with addresses of their own on one bridge, and the servers between them.

Needs root and `ip` (iproute2). What is in a namespace reaches nothing but this bridge.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.workers import WorkerFailed
from scripts import with_mariadb
from scripts.stack import free_port, until

BRIDGE, PREFIX = "cxrbench", "10.97.13"
NAMES = ("a", "b")
PASSWORD = "only-on-this-bridge"  # noqa: S105


def can_be_made() -> bool:
    needed = ("ip", "taskset", "redis-server")
    return os.geteuid() == 0 and all(shutil.which(name, path=_path()) for name in needed)


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _program(name: str) -> str:
    return shutil.which(name, path=_path()) or name


def _ip(*arguments: str) -> None:
    done = subprocess.run([_program("ip"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkerFailed(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@contextmanager
def hosts() -> Iterator[None]:
    """The bridge with this machine at .1, and a namespace for each of NAMES at .11, .12; gone afterwards."""
    with ExitStack() as undo:
        _ip("link", "add", BRIDGE, "type", "bridge")
        undo.callback(_ip, "link", "del", BRIDGE)
        _ip("addr", "add", f"{PREFIX}.1/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        for number, name in enumerate(NAMES, start=11):
            space, outer, inner = f"{BRIDGE}-{name}", f"{BRIDGE}{name}", f"{BRIDGE}{name}i"
            _ip("netns", "add", space)
            undo.callback(_ip, "netns", "del", space)
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space)
            _ip("link", "set", outer, "master", BRIDGE, "up")
            _ip("-n", space, "addr", "add", f"{PREFIX}.{number}/24", "dev", inner)
            _ip("-n", space, "link", "set", inner, "up")
            _ip("-n", space, "link", "set", "lo", "up")
        yield


def inside(name: str) -> list[str]:
    """What stands before a command that is to run on that host."""
    return [_program("ip"), "netns", "exec", f"{BRIDGE}-{name}"]


def bytes_through(name: str) -> int:
    """What that host has sent and received."""
    counts = Path(f"/sys/class/net/{BRIDGE}{name}/statistics")
    return sum(int((counts / f"{way}_bytes").read_text()) for way in ("rx", "tx"))


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """A MariaDB that the hosts reach; the address of its empty database."""
    folder.mkdir()
    with_mariadb.create(folder)
    port = free_port()
    account = f"GRANT ALL ON *.* TO bench@'{PREFIX}.%' IDENTIFIED BY '{PASSWORD}';\n"
    with (folder / "first.sql").open("a") as file:
        file.write(account)
    options = ("--skip-networking=0", f"--bind-address={PREFIX}.1", f"--port={port}", "--skip-name-resolve")
    with with_mariadb.running(folder, *options):
        yield f"mysql://bench:{PASSWORD}@{PREFIX}.1:{port}/{with_mariadb.DATABASE}"


@contextmanager
def redis() -> Iterator[str]:
    """A Redis that the hosts reach, without any memory of its own."""
    port = free_port()
    command = [
        _program("redis-server"),
        "--bind",
        f"{PREFIX}.1",
        "--port",
        str(port),
        "--save",
        "",
        "--protected-mode",
        "no",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://{PREFIX}.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path, *, core: int | None = None
) -> Iterator[None]:
    """A command that is stopped afterwards; on one processor only, where that is given."""
    confined = [_program("taskset"), "--cpu-list", str(core)] if core is not None else []
    with log.open("ab") as output:
        process = subprocess.Popen([*confined, *command], env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def until_said(log: Path, word: str) -> None:
    until(lambda: log.exists() and word in log.read_text(errors="replace"), f"{word!r} in {log.name}")
