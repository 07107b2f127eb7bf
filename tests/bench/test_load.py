"""The run with many people at once: what it calls lost or mixed up, and that it still works as a whole."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load.abuse import write_abusive
from bench.load.findings import Record, StoredRow, faults, page_times, percentile, rate
from bench.load.plan import LoadPlan, Picture
from bench.load.run import DatabaseNotEmpty, check_empty
from tests.deploy.site import nginx_is_needed
from tests.trained import TrainedVersion

PLAN = LoadPlan(warm_up=10, seconds=20)
PICTURES = [Picture(f"{number}.jpg", f"sha-{number}", number / 10) for number in range(3)]
RECORDS = [
    Record("upload", at=11.0 + number, seconds=2.0, status=201, file=number, told={"result": f"/results/r-{number}/"})
    for number in range(3)
]
ROWS = [StoredRow(f"r-{number}", f"sha-{number}", f"sha-{number}", number / 10) for number in range(3)]


def test_distinct_answers_are_no_fault() -> None:
    busy = Record("busy", 12.0, 0.1, 503, 1, {})
    assert faults([*RECORDS, busy], PICTURES, ROWS) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[:2], "3 uploads were accepted, and 2 rows are stored"),
        ([*ROWS, replace(ROWS[0], result="r-9")], "3 uploads were accepted, and 4 rows are stored"),
        ([*ROWS[:2], replace(ROWS[2], result="r-9")], "/results/r-2/ has no row"),
        ([*ROWS[:2], replace(ROWS[2], sha256="sha-1")], "/results/r-2/ has another radiograph"),
        ([*ROWS[:2], replace(ROWS[2], file_sha256="sha-1")], "/results/r-2/ has another radiograph"),
        ([*ROWS[:2], replace(ROWS[2], probability=0.1)], "/results/r-2/ says 0.1, and the engine 0.2"),
    ],
)
def test_what_is_lost_doubled_or_mixed_up_is_said(rows: list[StoredRow], said: str) -> None:
    assert any(fault.startswith(said) for fault in faults(RECORDS, PICTURES, rows))


@pytest.mark.parametrize(("kind", "status"), [("upload", 500), ("home", 302), ("picture", 404)])
def test_an_unexpected_answer_is_reported(kind: str, status: int) -> None:
    wrong = Record(kind, 12.0, 0.1, status, 0, {})
    assert faults([*RECORDS, wrong], PICTURES, ROWS) == [f"{kind} was answered with {status}"]


def test_abuse_is_kept_out_or_reported() -> None:
    for status, fault in ((422, []), (413, []), (503, []), (500, ["abuse"]), (201, ["abuse"]), (502, ["abuse"])):
        record = Record("abuse", 12.0, 0.1, status, None, {})
        assert [said.partition(" ")[0] for said in faults([*RECORDS, record], PICTURES, ROWS)] == fault


def test_abusive_files_are_refused(tmp_path: Path) -> None:
    from diagnosis.errors import RadiographRejected
    from diagnosis.imaging.radiograph import read_radiograph
    from diagnosis.inference.gate import check_assessable

    for path in write_abusive(tmp_path / "abusive"):
        with pytest.raises(RadiographRejected):
            check_assessable(read_radiograph(Path(path).read_bytes()))


def test_only_simultaneous_work_counts() -> None:
    early, late = replace(RECORDS[0], at=1.0), replace(RECORDS[0], at=29.0)
    assert rate([*RECORDS, early, late], PLAN) == 3 / 20
    page = Record("home", 15.0, 0.2, 200, None, {})
    assert page_times([page, replace(page, at=5.0), *RECORDS], PLAN, "home") == [0.2]
    assert percentile([0.1, 0.2, 0.3], 50) == pytest.approx(200)
    assert percentile([0.1], 50) is None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_short_run_with_a_toy_loses_nothing(trained_version: TrainedVersion, project: Path, tmp_path: Path) -> None:
    """The whole of `make load` but for its length: locust, nginx, gunicorn, OpenVINO."""
    nginx_is_needed()
    locust = Path(sys.prefix) / "load" / "bin" / "python"
    if not locust.exists():
        message = "locust is not installed (make load)"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(message)
    output = tmp_path / "load.json"
    command = [sys.executable, "-m", "bench.load", "--quick", "--locust", str(locust), "--output", str(output)]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment["MODELS_DIR"] = str(trained_version.models_dir)
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(output.read_text())
    assert found["faults"] == []
    assert found["accepted"] > 0
    assert found["engine"].endswith(", trained-1")
    assert {target["name"] for target in found["targets"]} == {
        "classified images/s ÷ bare engine",
        "95th percentile of the other pages",
        "uploads lost, doubled, mixed up or failed",
    }
    assert "| classified images/s ÷ bare engine |" in done.stdout


def test_a_used_database_is_not_filled(tmp_path: Path) -> None:
    path = tmp_path / "somebodys.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE precious (value)")
    with pytest.raises(DatabaseNotEmpty):
        check_empty(f"sqlite:///{path}", tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
