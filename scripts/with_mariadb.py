"""Runs a command with a MariaDB server of its own, which is gone afterwards with all its data.

    python scripts/with_mariadb.py COMMAND...

The command finds the address in TEST_DATABASE_URL and DATABASE_URL. The server listens on a socket in a temporary
folder that only its owner may enter, and on no port; it reads no configuration of the machine and knows nothing of any
other server there. What it stores need not survive a power cut, so it waits for no disk.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

SYSTEM_PROGRAMS = "/usr/sbin:/usr/local/sbin"
START_SECONDS = 60
STOP_SECONDS = 30
DATABASE = "covidxray"
NO_WAITING_FOR_DISKS = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=OFF",
    "--innodb-fast-shutdown=2",
    "--skip-log-bin",
]


def main(command: list[str]) -> int:
    """Return the status of the command, as a shell would."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="covidxray-mariadb-") as folder, server(Path(folder)) as url:
            return _run(command, {**os.environ, "TEST_DATABASE_URL": url, "DATABASE_URL": url})
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a server with its data in the folder and yield the address of an empty database; stop it at the end."""
    create(folder)
    with running(folder) as url:
        yield url


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """Start the server whose data is in the folder already, and stop it at the end."""
    socket, log = folder / "socket", folder / "log"
    socket.unlink(missing_ok=True)  # of a server that was killed
    with log.open("ab") as output:
        process = subprocess.Popen(
            [_program("mariadbd"), *_options(folder), *NO_WAITING_FOR_DISKS, *options],
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the command; the server is stopped once that has ended
        )
    try:
        _wait_for(process, socket, log)
        yield f"mysql://root@localhost/{DATABASE}?unix_socket={socket}"
    finally:
        _end(process)


def _options(folder: Path) -> list[str]:
    return [
        "--no-defaults",
        f"--user={_me()}",
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        f"--tmpdir={folder}",
        f"--init-file={folder / 'first.sql'}",
        "--skip-networking",
        "--performance-schema=OFF",
        "--innodb-log-file-size=512M",
        f"--innodb-buffer-pool-size={os.environ.get('MARIADB_BUFFER_POOL', '256M')}",
    ]


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def create(folder: Path) -> None:
    """Make a server's data in the folder, with an empty database."""
    data, log = folder / "data", folder / "log"
    first = f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;"
    (folder / "first.sql").write_text(f"{first}\n")
    with log.open("wb") as output:
        installed = subprocess.run(
            [
                _program("mariadb-install-db"),
                "--no-defaults",
                f"--user={_me()}",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                "--rpm",  # else, run by root, it would give a file of the machine's own server to another owner
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if installed.returncode != 0:
        sys.exit(f"MariaDB made no data folder:\n{log.read_text(errors='replace')[-2000:]}")


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PROGRAMS}")
    if found is None:
        sys.exit(f"{name} was not found: scripts/ensure-mariadb installs it or says what to install.")
    return found


def _wait_for(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    """The socket appears when the server is ready, after its first statements."""
    until = time.monotonic() + START_SECONDS
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"MariaDB did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run the command; it is ended, and waited for, when this program is told to end."""
    process = subprocess.Popen(command, env=environment)
    try:
        return _status(process.wait())
    except KeyboardInterrupt:  # Ctrl-C reached the command too: it may end in its own way
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        raise
    finally:
        _end(process)


def _status(code: int) -> int:
    return 128 - code if code < 0 else code


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Name a command: python scripts/with_mariadb.py COMMAND...")
    sys.exit(main(sys.argv[1:]))
