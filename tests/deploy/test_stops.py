"""Restarts, kills, and a site without a model, as a person in mid-upload meets them."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from scripts.stack import until
from tests.chests import new_chest
from tests.deploy.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

TOKEN = "a-token-of-more-than-thirty-two-characters"
COUNT = "from diagnosis.models import Diagnosis as D; print(*[d.study.uuid for d in D.objects.all()])"


@pytest.fixture(scope="module")
def installation(stack: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of this module's own, which works on one upload at a time: the others wait in the middle of a request."""
    own = Site(tmp_path_factory.mktemp("stops"), CLASSIFICATIONS_AT_ONCE="1")
    own.start_as(stack)
    yield own
    if own.is_running:
        own.stop()


@pytest.fixture
def site(installation: Site) -> Site:
    """It runs, whatever the test before has done to it."""
    if not installation.is_running:
        installation.start()
    return installation


def new_files(count: int) -> list[bytes]:
    """Large enough to be in the middle of their decoding."""
    return [new_chest() for _ in range(count)]


def several_uploads(site: Site, pool: ThreadPoolExecutor, files: list[bytes]) -> list["Future[requests.Response]"]:
    """Send all at once, and return when the first has its answer: the others are then being worked on, or wait."""
    people = [site.signed_in("alice") for _ in files]
    sent = [pool.submit(site.upload, person, file) for person, file in zip(people, files, strict=True)]
    until(lambda: any(future.done() for future in sent), "the first answer")
    assert not all(future.done() for future in sent), "nothing is left to interrupt"
    return sent


def studies(site: Site) -> set[str]:
    return set(site.manage("shell", "--verbosity", "0", "-c", COUNT).split())


def pictures_of(site: Site) -> set[str]:
    return {path.parent.name for path in (site.folder / "media").rglob("original")}


def test_sigterm_lets_running_uploads_finish(site: Site) -> None:
    files = new_files(5)
    with ThreadPoolExecutor(len(files)) as pool:
        sent = several_uploads(site, pool, files)
        os.kill(site.master, signal.SIGTERM)
        answers = [future.result() for future in sent]
    assert [answer.status_code for answer in answers] == [201] * len(files), [answer.text for answer in answers]
    assert site.process
    assert site.process.wait(240) == 0


def test_a_killed_worker_leaves_nothing_half(site: Site) -> None:
    """A worker killed in the middle leaves nothing half done and a retry works."""
    before = studies(site)
    files = new_files(5)
    with ThreadPoolExecutor(len(files)) as pool:
        sent = several_uploads(site, pool, files)
        site.kill_worker()
        answers = [future.result() for future in sent]
    done = [answer for answer in answers if answer.status_code == 201]
    lost = [answer for answer in answers if answer.status_code != 201]
    assert lost
    for answer in lost:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
        assert "The site cannot answer at the moment" in answer.text
    stored = studies(site) - before
    # A row may have been committed whose answer was lost with the worker; it is whole.
    assert len(done) <= len(stored) < len(files)
    assert stored <= pictures_of(site)
    alice = site.signed_in("alice")
    for file in files:
        assert site.upload(alice, file).status_code in (200, 201)
    assert len(studies(site) - before) == len(files)


def test_nginx_answers_while_gunicorn_is_away(site: Site) -> None:
    """While gunicorn is away nginx says so in the look of the site."""
    os.kill(site.master, signal.SIGSTOP)  # so that it starts no new worker
    try:
        site.kill_worker()
        (site.folder / "gunicorn.sock").unlink()
        answer = site.visitor().get(f"{site.url}/", headers={"Accept-Language": "ar"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
        assert '<html lang="ar" dir="rtl">' in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        site.visitor().get(f"{site.url}/results/", params={"q": "Canary"})
        assert "Canary" not in "".join(log.read_text() for log in (site.folder / "nginx").glob("*.log"))
    finally:
        os.kill(site.master, signal.SIGCONT)
        site.stop()


@pytest.fixture(scope="module")
def without_model(stack: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of two processes that has no model and gives figures to Prometheus."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "no-models").mkdir()
    site = Site(folder / "site", MODELS_DIR=str(folder / "no-models"), WORKERS="2", METRICS_TOKEN=TOKEN)
    site.start_as(stack)
    yield site
    site.stop()


def test_without_a_model_the_site_starts_and_says_so(without_model: Site) -> None:
    site = without_model
    ready = site.visitor().get(f"{site.url}/readyz")
    assert (ready.status_code, ready.json()) == (503, {"database": "ok", "storage": "ok", "model": "unavailable"})
    alice = site.signed_in("alice")
    answer = site.upload(alice)
    assert answer.status_code == 503
    assert "model" in answer.json()["text"]
    assert "model" in alice.get(f"{site.url}/").text
    assert studies(site) == set()
    assert pictures_of(site) == set()


def asked_for_health(site: Site) -> float:
    """How often, as whichever process answers tells Prometheus."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
    text = site.visitor().get(f"{site.url}/metrics", headers=headers).text
    found = re.search(r'^covidxray_requests_total{method="GET",status="200",view="healthz"} (\S+)$', text, re.MULTILINE)
    return float(found.group(1)) if found else 0


def test_metrics_add_up_over_processes(without_model: Site) -> None:
    """Every process answers with the sum of all, and the counts of one that is killed stay in it."""
    site = without_model
    before = asked_for_health(site)
    for _ in range(20):
        site.visitor().get(f"{site.url}/healthz", headers={"Connection": "close"})
    assert {asked_for_health(site) for _ in range(10)} == {before + 20}
    files = {file.stem.split("_")[-1] for file in (site.folder / "metrics").glob("counter_*.db")}
    assert {str(pid) for pid in site.workers()} <= files
    old = site.workers()
    site.kill_worker()
    until(lambda: len(site.workers()) == 2 and not set(old) & set(site.workers()), "new processes")
    until(lambda: site.visitor().get(f"{site.url}/healthz").status_code == 200, "an answer")
    assert asked_for_health(site) == before + 21
