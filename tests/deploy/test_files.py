"""The files in deploy/ agree with the settings and with each other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from diagnosis.inference.concurrency import LONGEST_WAIT

SIZES = {"m": 1024**2, "k": 1024}


@pytest.fixture(scope="module")
def deploy(project: Path) -> Path:
    return project / "deploy"


@pytest.fixture(scope="module")
def nginx(deploy: Path) -> str:
    return (deploy / "nginx" / "covidxray.conf").read_text()


def sizes(text: str) -> list[int]:
    """Of every limit but none, which is that of the pages about errors."""
    return [int(number) * SIZES[unit] for number, unit in re.findall(r"client_max_body_size (\d+)([mk]);", text)]


def seconds(text: str, name: str) -> int:
    found = re.search(rf"^\s*{name}\s*=?\s*(\d+)", text, flags=re.MULTILINE)
    assert found, name
    return int(found.group(1))


def test_nginx_and_django_have_the_same_limits(nginx: str) -> None:
    assert sizes(nginx) == [settings.ANONYMOUS_MAX_REQUEST_BYTES] + [settings.UPLOAD_MAX_REQUEST_BYTES] * 2
    upload = nginx[nginx.index("location ~ ^/(upload|api)/") :]
    assert sizes(upload) == [settings.UPLOAD_MAX_REQUEST_BYTES] * 2


def test_timeouts_grow_outwards(nginx: str, deploy: Path) -> None:
    graceful = seconds((deploy / "gunicorn.conf.py").read_text(), "graceful_timeout")
    assert graceful > LONGEST_WAIT
    assert seconds(nginx, "proxy_read_timeout") > graceful
    assert seconds((deploy / "systemd" / "covidxray.service").read_text(), "TimeoutStopSec") > graceful


def test_malloc_keeps_two_arenas(deploy: Path, project: Path) -> None:
    """Without the limit 24 threads kept 941 MB where 239 MB do."""
    assert "\nEnvironment=MALLOC_ARENA_MAX=2\n" in (deploy / "systemd" / "covidxray.service").read_text()
    assert "MALLOC_ARENA_MAX=2 exec" in (project / "Makefile").read_text()


def test_slow_clients_are_limited(nginx: str, deploy: Path, project: Path) -> None:
    """By nginx, and by the worker of both servers where it is missing."""
    for directive in ("limit_req zone=", "limit_conn covidxray", "client_header_timeout", "client_body_timeout"):
        assert directive in nginx
    assert seconds(nginx, "client_header_timeout") <= 30
    for file in (deploy / "gunicorn.conf.py", project / "Makefile"):
        assert "operations.connections.PatientWorker" in file.read_text()


def test_request_line_limits_agree(nginx: str, deploy: Path) -> None:
    """The request line may be as long for gunicorn as for nginx."""
    buffers = re.search(r"large_client_header_buffers 4 (\d+)k;", nginx)
    assert buffers
    configuration = (deploy / "gunicorn.conf.py").read_text()
    for name in ("limit_request_line", "limit_request_field_size"):
        assert abs(seconds(configuration, name) - int(buffers.group(1)) * 1024) <= 2


def units(deploy: Path) -> list[Path]:
    return sorted((deploy / "systemd").iterdir())


def test_run_local_starts_what_the_unit_starts(deploy: Path) -> None:
    unit = (deploy / "systemd" / "covidxray.service").read_text()
    command = re.search(r"^ExecStart=/srv/covidxray/\.venv/bin/(.*)$", unit, flags=re.MULTILINE)
    assert command
    started = (deploy / "run-local").read_text().replace(' --pid "$dir/gunicorn.pid"', "")
    assert f'"${{python%/*}}/{command.group(1).replace("gunicorn", "gunicorn" + chr(34), 1)}' in started


def program_here(called: re.Match[str]) -> str:
    """The unit's program in this environment; Python where it is not installed, as Celery is for a queue only."""
    program = Path(sys.executable).parent / called[1]
    return str(program if program.exists() else sys.executable)


def test_systemd_understands_the_units(deploy: Path, project: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in units(deploy):
        here = re.sub(r"/srv/covidxray/\.venv/bin/(\S+)", program_here, unit.read_text())
        (tmp_path / unit.name).write_text(here.replace("/srv/covidxray", str(project)))
    files = sorted(map(str, tmp_path.iterdir()))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *files]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_the_units_are_hardened(deploy: Path) -> None:
    """At most 2.0 of 10, where 9.6 is a unit without any protection."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in units(deploy):
        if unit.suffix == ".service":
            command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert result.returncode == 0, result.stdout


def test_every_timer_starts_a_command_that_exists(deploy: Path) -> None:
    from django.core.management import get_commands

    for timer in (deploy / "systemd").glob("*.timer"):
        command = re.search(r"manage\.py (\w+)", timer.with_suffix(".service").read_text())
        assert command
        assert command.group(1) in get_commands(), timer.name
