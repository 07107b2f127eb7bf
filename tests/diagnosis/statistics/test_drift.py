"""Changes over time: a new device shows, chance does not, and nobody counts what they may not see."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from diagnosis.history.recounts import days_changed
from diagnosis.models import Diagnosis, ModelVersion, OwnReading, Study
from diagnosis.statistics.drift import drift_of
from diagnosis.statistics.stability import MUCH, State, by_name, by_tenths
from operations import drift as site
from operations.metrics.exposition import installation_figures
from tests.cast import client_of

PAGE = "/statistics/drift/"
FIRST, LAST = 90, 5
"""Days ago."""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    site.forget()
    installation_figures.forget()
    yield
    site.forget()


def results(user: User, *, days_ago: int, number: int = 150, distance: float = -1, quality: str = "ok") -> None:
    """Probabilities as ever, distances around the one that is given."""
    chance, created = random.Random(days_ago), timezone.now() - timedelta(days=days_ago)
    common = {"institution": user.institution, "created": created}
    model = ModelVersion.objects.get_or_create(version="toy-1", weights_sha256="ab" * 32, defaults={"card": CARD})[0]
    studies = [
        Study(
            uploaded_by=user, file_name="x", format="PNG", sha256=uuid.uuid4().hex, size=1, width=1, height=1, **common
        )
        for _ in range(number)
    ]
    values = {"operating_point": 0.5, "indeterminate_low": 0.4, "indeterminate_high": 0.6, "milliseconds": 1}
    rows = [
        Diagnosis(
            study=study,
            model_version=model,
            requested_by=user,
            prediction="Negative",
            probability=chance.random(),
            raw_probability=0.5,
            gate_distance=chance.gauss(distance, 0.1),
            quality=quality,
            heat_map=b"",
            **values,
            **common,
        )
        for study in Study.objects.bulk_create(studies)
    ]
    Diagnosis.objects.bulk_create(rows)
    days_changed(user.institution_id, [created])


CARD = {"figures": {"parts": {"test": {"table": {"covid": {"positive": 50, "indeterminate": 30, "negative": 20}}}}}}


def states(user: User) -> dict[str, State]:
    found = drift_of(user)
    assert found
    return {f"{one.measure} {one.reference}": one.stability.state for one in found.comparisons}


def text_of(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_new_device_shows(alice: User, dora: User, settings: Settings, stranger: Client) -> None:
    results(alice, days_ago=FIRST)
    results(alice, days_ago=LAST)
    assert set(states(alice).values()) - {states(alice)["answer validation"]} == {State.STEADY}
    assert "differ from those" not in text_of(client_of(dora))
    results(alice, days_ago=LAST - 1, distance=-0.6, number=300)
    assert states(alice) == {
        "score first-weeks": State.STEADY,
        "distance first-weeks": State.MUCH,
        "quality first-weeks": State.STEADY,
        "answer validation": State.MUCH,
    }
    assert "differ from those" in text_of(client_of(dora))
    settings.METRICS_TOKEN = "t" * 32
    text = stranger.get("/metrics", headers={"Authorization": f"Bearer {'t' * 32}"}).content.decode()
    assert "covidxray_drift_changed_institutions 1.0" in text
    assert 'covidxray_drift_psi{against="first-weeks",measure="distance"}' in text


def test_it_sets_off_an_alert(alice: User, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    results(alice, days_ago=FIRST)
    results(alice, days_ago=LAST, quality="limited")
    call_command("send_alerts", dry_run=True)
    assert capsys.readouterr().out == ""
    settings.ALERT_DRIFT = True
    call_command("send_alerts", dry_run=True)
    said = capsys.readouterr().out
    assert "differ much" in said
    assert str(alice.institution) not in said


def test_too_early_and_too_few(alice: User) -> None:
    assert drift_of(alice) is None
    assert "Nothing was classified yet" in text_of(client_of(alice))
    results(alice, days_ago=10)
    assert "are not over" in text_of(client_of(alice))
    results(alice, days_ago=FIRST, number=150)
    Diagnosis.objects.filter(created__gte=timezone.now() - timedelta(days=28)).delete()
    results(alice, days_ago=LAST, number=60, distance=3)
    assert states(alice)["distance first-weeks"] == State.TOO_FEW
    assert "at least 100" in text_of(client_of(alice))


def test_only_what_one_may_see(alice: User, bob: User, charlie: User, settings: Settings) -> None:
    """Another hospital's, a colleague's where one sees only the own, and what a blind reader has not read."""
    results(alice, days_ago=FIRST)
    results(alice, days_ago=LAST, number=110)
    results(bob, days_ago=LAST, distance=1)
    results(charlie, days_ago=LAST, distance=3)
    assert states(alice)["distance first-weeks"] == State.MUCH
    settings.RADIOGRAPHERS_SEE = "own"
    assert states(alice)["distance first-weeks"] == State.STEADY
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    alice.refresh_from_db()
    assert drift_of(alice) is None
    study = Diagnosis.objects.filter(requested_by=alice).earliest("created").study
    OwnReading.objects.create(study=study, reader=alice, conclusion="likely")
    found = drift_of(alice)
    assert found
    assert {sum(one.stability.before) for one in found.comparisons if one.reference == "first-weeks"} == {1}


def test_days_are_kept_until_something_changes(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    results(alice, days_ago=FIRST)
    results(alice, days_ago=LAST)
    before = states(alice)
    with django_assert_num_queries(7):  # newest, first, version, and changes and kept days of each of the two
        assert states(alice) == before
    results(alice, days_ago=LAST, distance=2, number=300)
    assert states(alice)["distance first-weeks"] == State.MUCH


def test_chance_alone_is_no_change() -> None:
    """Of 300 pairs of samples of one population hardly one is called changed, although many a PSI is above 0.1."""
    chance, above = np.random.default_rng(3), 0
    for _ in range(300):
        before, now = (Counter(chance.integers(0, 100, 100).tolist()) for _ in range(2))
        stability = by_tenths(before, now, steps=100)
        above += stability.psi > 0.1
        assert stability.state is State.STEADY or stability.psi > stability.chance
        assert len(stability.groups) == 10
    assert above > 100
    assert sum(_is_called(chance) for _ in range(300)) <= 2


def _is_called(chance: np.random.Generator) -> bool:
    before, now = (Counter(chance.integers(0, 100, 150).tolist()) for _ in range(2))
    return by_tenths(before, now, steps=100).state is not State.STEADY


def test_the_index_is_siddiqis() -> None:
    """Half and half against 0.2 and 0.8: (0.2 - 0.5) ln 0.4 + (0.8 - 0.5) ln 1.6."""
    stability = by_name(["a", "b"], {"a": 50_000, "b": 50_000}, {"a": 20_000, "b": 80_000})
    assert stability.psi == pytest.approx(0.41589, abs=1e-4)
    assert stability.psi > MUCH
    assert stability.state is State.MUCH
