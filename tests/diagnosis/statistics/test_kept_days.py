"""Figures that are kept: whatever is done to results, a page seen before shows afterwards what a recount shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Institution, User
from diagnosis.history.recounts import changes_compact
from diagnosis.inference.serving import forget_classifier
from diagnosis.models import DayFigures, Diagnosis, DiagnosisQuerySet, ResultChange
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create
from diagnosis.privacy.erasure import Reason, patient_erase, study_erase
from diagnosis.reviews.services import outcome_add, reading_add, review_add
from diagnosis.statistics import counts
from diagnosis.statistics.counts import Activity, activity_of, count_results
from diagnosis.statistics.packing import unpacked
from diagnosis.statistics.periods import Month, month_period, this_month, year_period
from diagnosis.statistics.review_times import WAITED, ReviewTimes
from diagnosis.statistics.scope import counted_results
from diagnosis.statistics.scorecard import Scorecard, scorecard
from diagnosis.studies.services import study_edit, study_move, study_restore, study_void
from tests.cast import person
from tests.outcomes import reviewed
from tests.rows import stored_result
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import diagnosed

Act = Callable[[User, Diagnosis], object]


@pytest.fixture
def result(alice: User, engine: ToyEngine) -> Diagnosis:
    """Uploaded by Alice, with an outcome; next to another of the same patient, and one that was voided."""
    patient = patient_get_or_create(user=alice, details=PatientDetails("P1", "Jane"))
    assert patient
    found = [diagnosed(alice, seed) for seed in range(3)]
    for diagnosis in found[:2]:
        study_move(user=alice, study=diagnosis.study, patient=patient, reason="")
        outcome_add(user=alice, study=diagnosis.study, result="positive", sampled=timezone.localdate())
    study_void(user=alice, study=found[2].study, reason="wrong file")
    return Diagnosis.objects.get(pk=found[0].pk)


def shown(user: User) -> tuple[Activity, Activity, Scorecard]:
    """All that the pages of figures show of today's month and year."""
    month, year = month_period(this_month()), year_period(this_month().year)
    return activity_of(user, month), activity_of(user, year), scorecard(user, year)


def recounted(user: User) -> tuple[Activity, Activity, Scorecard]:
    DayFigures.objects.all().delete()
    return shown(user)


def _upload(user: User, diagnosis: Diagnosis) -> None:
    diagnosed(user, seed=9)


def _review(user: User, diagnosis: Diagnosis) -> None:
    review_add(user=user, diagnosis=diagnosis, conclusion="unlikely", reason="scars")


def _outcome(user: User, diagnosis: Diagnosis) -> None:
    outcome_add(user=user, study=diagnosis.study, result="negative", sampled=timezone.localdate())


def _outcome_taken_back(user: User, diagnosis: Diagnosis) -> None:
    outcome_add(user=user, study=diagnosis.study, result="", sampled=None)


def _outcome_of_another_month(user: User, diagnosis: Diagnosis) -> None:
    study_edit(user=user, study=diagnosis.study, changes={"study_date": timezone.localdate() - timedelta(days=60)})


def _own_reading(user: User, diagnosis: Diagnosis) -> None:
    user.reads_blind = True
    user.save()
    reading_add(user=user, study=diagnosis.study, conclusion="unlikely")


def _void(user: User, diagnosis: Diagnosis) -> None:
    study_void(user=user, study=diagnosis.study, reason="wrong patient")


def _restore(user: User, diagnosis: Diagnosis) -> None:
    voided = Diagnosis.objects.get(standing="voided")
    study_restore(user=user, study=voided.study, reason="right after all")


def _move(user: User, diagnosis: Diagnosis) -> None:
    other = patient_get_or_create(user=user, details=PatientDetails("P2", "Joan"))
    assert other
    study_move(user=user, study=diagnosis.study, patient=other, reason="mixed up")


def _erase(user: User, diagnosis: Diagnosis) -> None:
    study_erase(actor=user, study=diagnosis.study, reason=Reason.MISTAKE)


def _erase_patient(user: User, diagnosis: Diagnosis) -> None:
    assert diagnosis.study.patient
    patient_erase(actor=user, patient=diagnosis.study.patient, reason=Reason.REQUEST)


ACTS: dict[str, Act] = {
    act.__name__.strip("_"): act
    for act in (
        _upload,
        _review,
        _outcome,
        _outcome_taken_back,
        _outcome_of_another_month,
        _own_reading,
        _void,
        _restore,
        _move,
        _erase,
        _erase_patient,
    )
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_changes_show_in_counted_days(alice: User, result: Diagnosis, media_root: Path, act: Act) -> None:
    before = shown(alice)
    act(alice, result)
    after = shown(alice)
    assert after != before
    assert after == recounted(alice)


def test_another_models_answer_shows_too(alice: User, result: Diagnosis, media_root: Path, toy_models: Path) -> None:
    before = shown(alice)
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    forget_classifier()
    diagnosed(alice, seed=0)
    after = shown(alice)
    assert after[1].total.answered == before[1].total.answered + 1
    assert [version.version for version, _score in after[2].versions] == ["toy-2", "toy-1"]
    assert after == recounted(alice)


def test_an_unchanged_day_is_cached(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (3, 7):
        stored_result(alice, created=datetime(2026, 3, day, 12, tzinfo=UTC))
    activity_of(alice, month_period(Month(2026, 3)))
    counted: list[datetime] = []

    def counting(results: DiagnosisQuerySet, spans: list) -> list:
        counted.extend(span.start for span in spans)
        return count_results(results, spans)

    monkeypatch.setattr(counts, "count_results", counting)
    activity_of(alice, month_period(Month(2026, 3)))
    assert counted == []
    stored_result(alice, created=datetime(2026, 3, 7, 23, 30, tzinfo=UTC))
    found = activity_of(alice, year_period(2026))
    assert [start for start in counted if start.month == 3] == [datetime(2026, 3, 7, tzinfo=UTC)]
    assert found.total.answered == 3


def test_days_of_time_zones_are_kept_apart(alice: User) -> None:
    late = stored_result(alice, created=datetime(2026, 3, 7, 23, 30, tzinfo=UTC))

    def days() -> dict[str, list[int]]:
        found = {}
        for zone in ("UTC", "Asia/Kuching", "Asia/Kathmandu", "America/St_Johns"):
            with timezone.override(zone):
                parts = activity_of(alice, month_period(Month(2026, 3))).parts
            found[zone] = [number + 1 for number, part in enumerate(parts) for _ in range(part.reviewed)]
        return found

    assert days() == {"UTC": [], "Asia/Kuching": [], "Asia/Kathmandu": [], "America/St_Johns": []}
    reviewed(late, alice, "agrees")
    assert days() == {"UTC": [7], "Asia/Kuching": [8], "Asia/Kathmandu": [8], "America/St_Johns": [7]}


def test_a_change_while_counting_is_kept(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count has read the results already when a colleague's review comes in, and is kept after that."""
    result = stored_result(alice)

    def slowly(results: DiagnosisQuerySet, spans: list) -> list:
        counted = count_results(results, spans)
        review_add(user=alice, diagnosis=result, conclusion="likely")
        return counted

    month = month_period(Month(2026, 3))
    with monkeypatch.context() as patch:
        patch.setattr(counts, "count_results", slowly)
        assert activity_of(alice, month).total.reviewed == 0
    assert activity_of(alice, month).total.reviewed == 1


def test_uncacheable_figures_are_shown(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored_result(alice)

    def full(*arguments: object, **options: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(DayFigures.objects, "bulk_create", full)
    assert activity_of(alice, month_period(Month(2026, 3))).total.answered == 1
    assert "could not be kept" in caplog.text
    assert not DayFigures.objects.exists()


def test_own_figures_bypass_the_cache(alice: User, bob: User, dora: User, settings: Settings) -> None:
    """Own figures are counted and never those that are kept for all."""
    for user in (alice, alice, bob):
        stored_result(user)
    month = month_period(Month(2026, 3))
    assert activity_of(alice, month).total.answered == 3
    settings.RADIOGRAPHERS_SEE = "own"
    assert [activity_of(user, month).total.answered for user in (alice, bob, dora)] == [2, 1, 3]


def test_institutions_are_kept_apart(alice: User, charlie: User, elsewhere: Institution) -> None:
    stored_result(alice)
    month = month_period(Month(2026, 3))
    other = person("other", elsewhere, is_radiographer=True)
    assert [activity_of(user, month).total.answered for user in (alice, charlie, other)] == [1, 0, 0]
    stored_result(charlie)
    assert [activity_of(user, month).total.answered for user in (alice, charlie, other)] == [1, 1, 1]


def test_the_nightly_run_keeps_figures_right(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nightly run puts changes together and figures stay right."""
    results = [stored_result(alice) for _ in range(4)]
    month = month_period(Month(2026, 3))
    activity_of(alice, month)
    call_command("purge_expired")
    assert list(ResultChange.objects.values_list("number", flat=True)) == [4]
    monkeypatch.setattr(counts, "count_results", None)  # nothing is counted again
    assert activity_of(alice, month).total.answered == 4
    monkeypatch.undo()
    review_add(user=alice, diagnosis=results[0], conclusion="likely")
    assert changes_compact() == 1
    assert activity_of(alice, month).total.agrees == 1


def test_of_an_erased_patient_no_figure_is_left(alice: User, result: Diagnosis, media_root: Path) -> None:
    shown(alice)
    assert result.study.patient
    patient_erase(actor=alice, patient=result.study.patient, reason=Reason.REQUEST)
    created = result.created
    assert not DayFigures.objects.filter(start__lte=created, end__gt=created).exists()


def test_what_is_kept_is_what_is_counted(alice: User, bob: User) -> None:
    """Through the database and JSON nothing is rounded, cut or turned round."""
    for number in range(40):
        made = stored_result(
            alice if number % 3 else bob,
            created=datetime(2026, 3, 1 + number % 28, number % 24, tzinfo=UTC),
            prediction=("Positive", "Negative", "Indeterminate")[number % 3],
            version=f"v-{number % 2}",
        )
        reviewed(made, bob, "agrees", after=timedelta(minutes=37 * number**2))
    year = year_period(2026)
    parts = count_results(counted_results(alice), year.buckets)
    first, again = activity_of(alice, year), activity_of(alice, year)
    assert first == again
    assert [part.answered for part in again.parts] == [sum(group[-1] for group in part["alike"]) for part in parts]
    waited = [unpacked(part["waited"], WAITED) for part in parts]
    assert again.review_times == ReviewTimes.of(waited)
