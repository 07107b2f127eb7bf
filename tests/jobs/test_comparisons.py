"""Another version over stored radiographs: counts for administrators, which for radiographers; no result changes."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from diagnosis.inference.appearances import Finding
from diagnosis.inference.artifacts import set_current_version
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.engines import ENGINES
from diagnosis.models import Diagnosis
from jobs import work
from jobs.comparisons import comparison_of
from jobs.models import Job
from tests.cast import client_of
from tests.jobs.made import worked_off
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import diagnosed


@pytest.fixture
def other(engine: ToyEngine, toy_models: Path, monkeypatch: pytest.MonkeyPatch) -> ToyEngine:
    """The engine of toy-2, which is built and not in use."""
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    set_current_version(toy_models, "toy-1")
    second = ToyEngine(probability=0.1)
    monkeypatch.setitem(ENGINES, "toy", lambda folder: second if folder.name == "toy-2" else engine)
    work._classifier.cache_clear()
    return second


def compared(dora: User) -> Job:
    answer = client_of(dora).post(reverse("admin:jobs_job_compare", args=["toy-2"]), follow=True)
    assert answer.status_code == 200
    return worked_off(Job.objects.comparisons()[0])


def test_how_many_and_which(alice: User, charlie: User, dora: User, engine: ToyEngine, other: ToyEngine) -> None:
    mine, _theirs = diagnosed(alice), diagnosed(charlie, seed=1)
    engine.probability = 0.1
    diagnosed(alice, seed=2)  # Negative, and would stay so
    job = compared(dora)
    found = comparison_of(job)
    assert (found.compared, found.changed) == (3, 2)
    shown = client_of(dora).get(reverse("admin:jobs_job_compare", args=["toy-2"])).content.decode()
    assert "2 of 3 answers would change (66.7 %)" in shown
    page = client_of(alice).get(reverse("jobs:comparison", args=[job.uuid])).content.decode()
    assert page.count(mine.get_absolute_url()) == 1
    assert page.count("/results/") == 1 + page.count(reverse("diagnosis:results") + '"')
    assert Diagnosis.objects.count() == 3
    assert set(Diagnosis.objects.values_list("model_version__version", flat=True)) == {"toy-1"}


def test_what_else_it_found_is_kept(
    alice: User, dora: User, engine: ToyEngine, other: ToyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, classify = diagnosed(alice), Classifier.classify
    findings = (Finding("typical", 0.71), Finding("negative", 0.29))
    monkeypatch.setattr(Classifier, "classify", lambda *asked: replace(classify(*asked), findings=findings))
    job = compared(dora)
    assert job.items.get().findings == {"typical": 0.71, "negative": 0.29}
    assert not result.findings.exists()
    page = client_of(alice).get(reverse("jobs:comparison", args=[job.uuid])).content.decode()
    assert "Typical appearance 71\N{NO-BREAK SPACE}%, Negative for pneumonia 29\N{NO-BREAK SPACE}%" in page


def test_a_blind_reader_finds_none(alice: User, dora: User, engine: ToyEngine, other: ToyEngine) -> None:
    """That an answer would change says what it is."""
    result = diagnosed(alice)
    job = compared(dora)
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    page = client_of(alice).get(reverse("jobs:comparison", args=[job.uuid])).content.decode()
    assert result.get_absolute_url() not in page


def test_own_only(alice: User, bob: User, dora: User, engine: ToyEngine, other: ToyEngine, settings: Settings) -> None:
    result = diagnosed(alice)
    job = compared(dora)
    settings.RADIOGRAPHERS_SEE = "own"
    for user, number in ((alice, 1), (bob, 0)):
        page = client_of(user).get(reverse("jobs:comparison", args=[job.uuid])).content.decode()
        assert page.count(result.get_absolute_url()) == number


def test_by_the_command(alice: User, dora: User, engine: ToyEngine, other: ToyEngine) -> None:
    diagnosed(alice)
    out = io.StringIO()
    call_command("compare_versions", "toy-2", stdout=out)
    assert "1 of 1 answers would change (100.0 %)" in out.getvalue()
    for version in ("toy-1", "none", "../models"):
        with pytest.raises(CommandError):
            call_command("compare_versions", version)
