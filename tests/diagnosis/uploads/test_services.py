"""Storing diagnoses: what happens between two people and one moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from accounts.models import User
from diagnosis.inference.engines import EngineOutput
from diagnosis.inference.serving import forget_classifier
from diagnosis.models import Diagnosis, ModelVersion, Study
from diagnosis.reviews.services import outcome_add
from diagnosis.uploads.file_names import shown_file_name
from diagnosis.uploads.services import UploadOutcome, diagnosis_create
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import radiograph_png, stored_files

TOGETHER = 4


def at_once(*calls: Callable[[], UploadOutcome]) -> list[UploadOutcome]:
    """Make the calls in threads of their own, each with its own connection to the database."""

    def call_and_close(call: Callable[[], UploadOutcome]) -> UploadOutcome:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call_and_close, call) for call in calls]]


@pytest.mark.django_db(transaction=True)
def test_the_same_file_at_once_is_stored_once(
    alice: User, engine: ToyEngine, media_root: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The engine answers only when everybody has asked it, so that none finds another's row before."""
    settings.CLASSIFICATIONS_AT_ONCE = TOGETHER
    everybody = threading.Barrier(TOGETHER, timeout=20)
    answer = engine.run

    def answer_together(images) -> EngineOutput:
        everybody.wait()
        return answer(images)

    monkeypatch.setattr(engine, "run", answer_together)
    content = radiograph_png()
    outcomes = at_once(
        *[lambda: diagnosis_create(user=alice, content=content, file_name="a.png") for _ in range(TOGETHER)]
    )
    assert {outcome.diagnosis for outcome in outcomes} == {Diagnosis.objects.get()}
    assert sorted(outcome.is_repeat for outcome in outcomes) == [False] + [True] * (TOGETHER - 1)
    assert (Study.objects.count(), len(stored_files(media_root))) == (1, 3)
    assert {path.name for path in (media_root / "radiographs").glob("*/*")} == {str(Study.objects.get().uuid)}


@pytest.mark.django_db(transaction=True)
def test_different_files_at_once_are_stored(alice: User, engine: ToyEngine) -> None:
    files = [radiograph_png(seed) for seed in range(TOGETHER)]
    outcomes = at_once(
        *[lambda file=file: diagnosis_create(user=alice, content=file, file_name="a.png") for file in files]
    )
    assert len({outcome.diagnosis.study.sha256 for outcome in outcomes}) == TOGETHER


def test_a_model_is_written_down_once_with_its_card(alice: User, engine: ToyEngine, toy_models: Path) -> None:
    for seed in range(3):
        diagnosis_create(user=alice, content=radiograph_png(seed), file_name="a.png")
    model = ModelVersion.objects.get()
    assert model.card["network"] == {"weights_sha256": model.weights_sha256}


def test_another_models_answer_has_the_outcome(alice: User, engine: ToyEngine, settings, tmp_path: Path) -> None:
    first = diagnosis_create(user=alice, content=radiograph_png(), file_name="a.png").diagnosis
    outcome_add(user=alice, study=first.study, result="positive", sampled=None)
    settings.MODELS_DIR = tmp_path / "other"
    write_toy_model(settings.MODELS_DIR, "toy-2", weights_sha256="cd" * 32)
    forget_classifier()
    second = diagnosis_create(user=alice, content=radiograph_png(), file_name="a.png").diagnosis
    outcome_add(user=alice, study=first.study, result="negative", sampled=None)
    assert (second.study, second.outcome) == (first.study, "positive")
    assert set(Diagnosis.objects.values_list("outcome", flat=True)) == {"negative"}


def test_other_weights_are_another_model(alice: User, engine: ToyEngine, settings, tmp_path: Path) -> None:
    """The same version name with other weights is another model."""
    diagnosis_create(user=alice, content=radiograph_png(), file_name="a.png")
    settings.MODELS_DIR = tmp_path / "other"
    write_toy_model(settings.MODELS_DIR, "toy-1", weights_sha256="cd" * 32)
    forget_classifier()
    outcome = diagnosis_create(user=alice, content=radiograph_png(), file_name="a.png")
    assert not outcome.is_repeat
    assert ModelVersion.objects.count() == 2


def test_a_diagnosis_holds_the_classification(alice: User, engine: ToyEngine) -> None:
    engine.probability = 0.25
    diagnosis = diagnosis_create(user=alice, content=radiograph_png(), file_name="a.png").diagnosis
    diagnosis.refresh_from_db()
    assert diagnosis.prediction == Diagnosis.Label.INDETERMINATE
    assert diagnosis.confidence is None
    assert (diagnosis.raw_probability, diagnosis.probability) == pytest.approx((0.25, 0.25))
    assert (diagnosis.indeterminate_low, diagnosis.operating_point, diagnosis.indeterminate_high) == (0.2, 0.24, 0.28)
    assert diagnosis.engine == "toy"
    assert diagnosis.milliseconds > 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("chest.png", "chest.png"),
        ("C:\\scans\\chest.png", "chest.png"),
        ("/scans/2026/chest.png", "chest.png"),
        ("line\nbreak\t.png", "linebreak.png"),
        ("e\N{COMBINING ACUTE ACCENT}t\N{LATIN SMALL LETTER E WITH ACUTE}", "été"),
        ("", "radiograph"),
        ("..", ".."),
        ("a" * 500 + ".dcm", "a" * 99 + "…" + "a" * 16 + ".dcm"),
    ],
)
def test_shown_file_name(name: str, shown: str) -> None:
    assert shown_file_name(name) == shown


@pytest.mark.usefixtures("engine", "media_root")
def test_every_caller_stores_a_safe_name(alice: User) -> None:
    """Not only the upload page: a command or another service hands over the name as it is."""
    outcome = diagnosis_create(user=alice, content=radiograph_png(), file_name="C:\\scans\\chest\t.png")
    assert outcome.diagnosis.study.file_name == "chest.png"
