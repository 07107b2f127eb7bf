"""`scripts/with_mariadb.py`: a server for one command, gone without a trace however the command ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("TEST_DATABASE_URL", "").startswith("mysql"), reason="MariaDB is tried by `make test-mysql`"
    ),
]

SCRIPT = str(Path(__file__).resolve().parent.parent / "scripts" / "with_mariadb.py")
TELL = 'echo "$TEST_DATABASE_URL"; '


def started(command: str) -> tuple[subprocess.Popen[str], Path]:
    """The program once the command has begun, and the folder of its server."""
    arguments = [sys.executable, SCRIPT, "sh", "-c", TELL + command]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout
    with process.stdout as output:
        address = output.readline().strip()
    return process, Path(address.partition("unix_socket=")[2]).parent


def server_of(folder: Path) -> Path:
    return Path("/proc", (folder / "pid").read_text().strip())


def test_the_commands_status_is_passed_on() -> None:
    process, folder = started("sleep 1; exit 7")
    assert (folder / "socket").is_socket()
    assert folder.stat().st_mode & 0o077 == 0
    server = server_of(folder)
    assert server.exists()
    assert process.wait(60) == 7
    assert not folder.exists()
    assert not server.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal_it_leaves_nothing(number: signal.Signals) -> None:
    process, folder = started("exec sleep 600")
    server = server_of(folder)
    os.killpg(process.pid, number)  # as a terminal does it: the command gets it too
    assert process.wait(60) == 128 + number
    assert not folder.exists()
    assert not server.exists()


def test_without_a_command_it_says_how_it_is_used() -> None:
    result = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "COMMAND" in result.stderr
