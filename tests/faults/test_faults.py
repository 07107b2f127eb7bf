"""What breaks under a running site: nothing is lost, nothing doubled, and no one has to start it again.

SIGTERM, a worker killed while it decodes, and a site without a model are in tests/deploy/test_stops.py.
"""

import hashlib
import json
import os
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from scripts.stack import until
from tests.chests import new_chest
from tests.deploy.site import Site
from tests.faults.installation import MariaDB, filled, folders_of, rows_of, small_disk, studies_of, waiting_files

pytestmark = [pytest.mark.slow, pytest.mark.mariadb, pytest.mark.timeout(600)]

AT_ONCE = 20
DAMAGED = ("serving*.bin", "serving*.xml", "model_card.json")
MEGABYTE = 1024**2


def new_file(*, megabytes: float = 0) -> bytes:
    """A radiograph that was never uploaded; `megabytes` more make it wait in a file instead of in memory."""
    # A PNG ends with its last chunk: no reader looks at what follows.
    return new_chest(500) + b"\0" * int(megabytes * MEGABYTE)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def ready(site: Site) -> tuple[int, dict[str, str]]:
    answer = site.visitor().get(f"{site.url}/readyz")
    return answer.status_code, answer.json()


def test_the_database_stops_during_an_upload(site: Site, database: MariaDB) -> None:
    """The database stops in the middle of an upload and comes back."""
    alice, file = site.signed_in("alice"), new_file()
    before, workers = folders_of(site), site.workers()
    with database.held(), ThreadPoolExecutor(1) as pool:
        sent = pool.submit(site.upload, alice, file)
        until(lambda: folders_of(site) != before, "the files to be written")
        database.stop()
        answer = sent.result()
    try:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert folders_of(site) == before
        for page in ("/", "/results/", "/upload/"):
            assert alice.get(site.url + page).status_code == 503, page
        assert site.upload(alice, file).status_code == 503
        assert ready(site) == (503, {"database": "unavailable", "storage": "ok", "model": "ok"})
    finally:
        database.start()
    assert ready(site)[0] == 200
    assert site.upload(alice, file).status_code == 201
    assert alice.get(f"{site.url}/").status_code == 200
    assert studies_of(site) == folders_of(site)
    assert site.workers() == workers


def test_a_worker_is_killed_while_storing(site: Site, database: MariaDB) -> None:
    """A worker killed in the middle of storing leaves no row and a retry works."""
    alice, file = site.signed_in("alice"), new_file(megabytes=5)
    before = folders_of(site)
    with database.held(), ThreadPoolExecutor(1) as pool:
        sent = pool.submit(site.upload, alice, file)
        until(lambda: folders_of(site) != before, "the files to be written")
        site.kill_worker()
        answer = sent.result()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
    assert studies_of(site) == before
    assert waiting_files(site) == []
    assert site.upload(alice, file).status_code == 201
    assert [row.sha256 for row in rows_of(site)].count(sha256(file)) == 1
    left = folders_of(site) - studies_of(site)
    assert len(left) == 1
    remove_leftovers(site, left)


def remove_leftovers(site: Site, left: set[str]) -> None:
    """What the night's timer does, on the day itself and on a later one."""
    assert folders_of(site) - studies_of(site) == left
    site.manage("purge_expired")
    assert folders_of(site) - studies_of(site) == left, "an upload of this day may still be in its transaction"
    for folder in (site.folder / "media" / "radiographs").glob("*/*"):
        os.utime(folder, (time.time() - 100_000,) * 2)
    site.manage("purge_expired")
    assert folders_of(site) == studies_of(site)


@pytest.mark.parametrize(
    ("disk", "status"), [("media", 507), ("tmp", 507), ("nginx/tmp/body", 503)], ids=["store", "memory", "nginx"]
)
def test_a_full_disk_then_space_again(site: Site, disk: str, status: int) -> None:
    alice, file, folder = site.signed_in("alice"), new_file(megabytes=5), site.folder / disk
    before = studies_of(site)
    with small_disk(folder, 80):
        with filled(folder, left=MEGABYTE):
            answer = site.upload(alice, file)
            assert answer.status_code == status, answer.text
            assert not waiting_files(site) or waiting_files(site) == [folder / "filler"]
            assert disk != "media" or [path.name for path in folder.rglob("*") if path.is_file()] == ["filler"]
            assert studies_of(site) == before
            assert ready(site)[1]["storage"] == ("unavailable" if disk == "media" else "ok")
        answer = site.upload(alice, file)
        assert answer.status_code == 201, answer.text
        erased = studies_of(site) - before
        assert len(erased) == 1
    if disk == "media":
        erase(site, erased)  # their files were on the disk that is gone


def erase(site: Site, studies: set[str]) -> None:
    command = "from diagnosis.models import Study; from diagnosis.privacy.erasure import Reason, study_erase\n"
    for study in studies:
        command += f"study_erase(actor=None, study=Study.objects.get(uuid={study!r}), reason=Reason.OTHER)\n"
    site.manage("shell", "--verbosity", "0", "-c", command)


def test_a_damaged_model_stops_no_process(site: Site) -> None:
    """A damaged model stops no running process and is said after a restart."""
    alice = site.signed_in("alice")
    until(lambda: ready(site)[0] == 200 and set(site.workers()) <= set(loads(site)), "both processes to load it")
    models = Path(site.environment["MODELS_DIR"])
    workers = site.workers()
    with ExitStack() as undo:
        for path in (path for name in DAMAGED for path in models.glob(f"*/{name}")):
            undo.callback(path.write_bytes, path.read_bytes())
            with path.open("r+b") as damaged:  # in its place, under the process that has opened it
                damaged.truncate(path.stat().st_size // 2)
        files = names_below(models)
        assert [site.upload(alice, new_file()).status_code for _ in range(6)] == [201] * 6
        assert site.workers() == workers
        site.kill_worker()
        until(lambda: answers(site), "new processes")
        assert ready(site) == (503, {"database": "ok", "storage": "ok", "model": "unavailable"})
        answer = site.upload(alice, file := new_file())
        assert answer.status_code == 503
        assert "model" in answer.json()["text"]
        assert alice.get(f"{site.url}/results/").status_code == 200
        assert names_below(models) == files
    assert ready(site)[0] == 200, "without another restart"
    assert site.upload(alice, file).status_code == 201


def names_below(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def answers(site: Site) -> bool:
    return site.visitor().get(f"{site.url}/healthz").status_code == 200


def test_twenty_at_once_are_all_answered(site: Site, tmp_path: Path) -> None:
    """Twenty uploads at once each get their own answer or are told to come again."""
    files = distinct_files(AT_ONCE, tmp_path)
    people = [site.signed_in(("alice", "bob")[number % 2]) for number in range(AT_ONCE)]
    site.kill_worker()
    until(lambda: answers(site), "new processes")
    before = len(loads(site))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda person, file: persistently(site, person, file), people, files))
    refused = [answer for answers in told for answer in answers[:-1]]
    assert refused
    for answer in refused:
        assert answer.status_code == 503
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert [answers[-1].status_code for answers in told] == [201] * AT_ONCE
    loaded = loads(site)[before:]
    assert len(loaded) == len(set(loaded)) <= 2
    check_answers(site, files, [answers[-1].json() for answers in told], classified(site, tmp_path))


def loads(site: Site) -> list[int]:
    """The process of every load of a model so far."""
    return [int(process) for process in re.findall(r"loaded in process (\d+)", site.log.read_text())]


def distinct_files(number: int, folder: Path) -> list[bytes]:
    files = [new_file() for _ in range(number)]
    for position, content in enumerate(files):
        (folder / f"{position:03}.png").write_bytes(content)
    return files


def persistently(site: Site, person: requests.Session, file: bytes) -> list[requests.Response]:
    """Every answer until one is not "come again"; between them as long as told, as the page's script does."""
    told = [site.upload(person, file)]
    while told[-1].status_code == 503 and len(told) < 60:
        time.sleep(int(told[-1].headers["Retry-After"]) * (1 + secrets.randbelow(50) / 100))
        told.append(site.upload(person, file))
    return told


def classified(site: Site, folder: Path) -> list[float]:
    """What `manage.py classify` says of each file."""
    lines = site.manage("classify", str(folder), "--format", "jsonl").splitlines()
    return [json.loads(line)["probability"] for line in lines]


def check_answers(site: Site, files: list[bytes], told: list[dict[str, str]], expected: list[float]) -> None:
    """Row, file and answer of each upload are its own, and no two are alike."""
    assert len({round(probability, 6) for probability in expected}) == len(files)
    rows = {row.sha256: row for row in rows_of(site)}
    mine = [rows[sha256(file)] for file in files]
    assert [row.probability for row in mine] == pytest.approx(expected, abs=1e-5)
    assert [answer["result"].strip("/").split("/")[-1] for answer in told] == [row.result for row in mine]
    assert [answer["prediction"] for answer in told] == [row.prediction for row in mine]
    for row, file in zip(mine, files, strict=True):
        assert next((site.folder / "media").rglob(f"{row.study}/original")).read_bytes() == file


def test_the_same_file_at_once_is_stored_once(site: Site, database: MariaDB) -> None:
    file, before = new_file(), folders_of(site)
    people = [site.signed_in("alice"), site.signed_in("bob")]
    with ThreadPoolExecutor(2) as pool:
        with database.held():
            sent = [pool.submit(site.upload, person, file) for person in people]
            until(lambda: len(folders_of(site) - before) == 2, "both to be about to store it")
        told = [future.result() for future in sent]
    assert sorted(answer.status_code for answer in told) == [200, 201]
    assert len({answer.json()["result"] for answer in told}) == 1
    assert len(folders_of(site) - before) == 1
    assert folders_of(site) == studies_of(site)
