"""A reader study from its draft to its end: who may do what, what is drawn and frozen, what a reading is."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Institution, User
from audit.models import AuditEntry
from diagnosis.models import Diagnosis, Study
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create
from diagnosis.privacy.erasure import Reason, study_erase
from diagnosis.privacy.export import patient_export
from reader_studies.choosing import Wanted, available, candidates, cases_choose
from reader_studies.errors import StudyRefused
from reader_studies.models import Case, ReaderStudy, Reading
from reader_studies.reading import place_of, reading_answer
from reader_studies.results import results_of
from reader_studies.services import (
    reader_leave,
    reader_study_close,
    reader_study_create,
    reader_study_delete,
    reader_study_open,
    readers_set,
)
from tests.cast import person
from tests.outcomes import set_outcome
from tests.reader_studies.studies import (
    drafted,
    joined,
    opened,
    read_all,
    read_next,
    results_stored,
    right,
    shown,
    voided,
)
from tests.rows import stored_result


@pytest.fixture
def rita(hospital: Institution) -> User:
    return person("rita", hospital, is_radiographer=True)


@pytest.fixture
def stored(alice: User) -> list[Diagnosis]:
    return results_stored(alice)


class TestChoosing:
    def test_the_newest_of_each_patient(self, alice: User) -> None:
        """One radiograph of each patient, and one with a reference standard rather than a newer one without."""
        known = stored_result(alice, patient_id="P1", outcome="positive")
        stored_result(alice, patient_id="P1")
        stored_result(alice, patient_id="P2")
        newest = stored_result(alice, patient_id="P2")
        found = candidates(Diagnosis.objects.all())
        assert {each.diagnosis for each in found} == {known.pk, newest.pk}
        assert available(found) == Wanted(positive=1, unknown=1)

    def test_a_late_sample_is_no_reference(self, alice: User) -> None:
        row = stored_result(alice)
        set_outcome(row, "positive", sampled=row.study.day + timedelta(days=15))
        assert available(candidates(Diagnosis.objects.all())) == Wanted(unknown=1)

    def test_other_tests_are_no_reference(self, alice: User) -> None:
        for outcome in ("antigen+", "inconclusive"):
            stored_result(alice, outcome=outcome)
        assert available(candidates(Diagnosis.objects.all())) == Wanted(unknown=2)

    def test_the_halves_share_each_reference(self, alice: User, stored: list[Diagnosis]) -> None:
        study = drafted(alice)
        halves = [
            list(study.cases.filter(reference=each).values_list("half", flat=True)) for each in ("positive", "negative")
        ]
        assert [sorted(half) for half in halves] == [[0] * 5 + [1] * 5] * 2
        assert sorted(study.cases.values_list("number", flat=True)) == list(range(1, 21))

    def test_frozen_when_drawn(self, alice: User, stored: list[Diagnosis]) -> None:
        """What becomes known later does not move a case."""
        study = drafted(alice)
        case = study.cases.get(study=stored[0].study)
        set_outcome(stored[0], "negative")
        Diagnosis.objects.filter(pk=stored[0].pk).update(probability=0.5)
        case.refresh_from_db()
        assert (case.reference, case.probability, case.prediction) == ("positive", 0.05, "Negative")

    @pytest.mark.parametrize("wanted", [Wanted(5, 4), Wanted(300, 300), Wanted(11, 10)])
    def test_too_few_too_many_not_there(self, alice: User, stored: list[Diagnosis], wanted: Wanted) -> None:
        study = reader_study_create(actor=alice, name="x", design="without", washout_days=0)
        with pytest.raises(StudyRefused):
            cases_choose(
                actor=alice, reader_study=study, results=Diagnosis.objects.all(), wanted=wanted, filters=[], seed=1
            )
        assert not study.cases.exists()


class TestOpening:
    def test_not_without_readers(self, alice: User, bob: User, stored: list[Diagnosis]) -> None:
        study = drafted(alice)
        readers_set(actor=alice, reader_study=study, people=[bob])
        with pytest.raises(StudyRefused, match="at least 2 readers"):
            reader_study_open(actor=alice, reader_study=study)

    def test_leader_stranger_and_administrator_cannot_read(
        self, alice: User, bob: User, charlie: User, dora: User, stored: list[Diagnosis]
    ) -> None:
        study = drafted(alice)
        readers_set(actor=alice, reader_study=study, people=[alice, bob, charlie, dora])
        assert [reader.person for reader in study.readers.all()] == [bob]

    def test_then_nothing_changes(self, alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
        study = opened(alice, [bob, rita])
        with pytest.raises(StudyRefused):
            drafted_again(study, alice)
        with pytest.raises(StudyRefused):
            readers_set(actor=alice, reader_study=study, people=[bob])
        with pytest.raises(StudyRefused):
            reader_study_delete(actor=alice, reader_study=study)
        assert (study.cases.count(), study.readers.count()) == (20, 2)

    def test_a_draft_can_go(self, alice: User, stored: list[Diagnosis]) -> None:
        reader_study_delete(actor=alice, reader_study=drafted(alice))
        assert not ReaderStudy.objects.exists()
        assert not Case.objects.exists()

    def test_not_where_all_see_only_their_own(self, alice: User, settings: Settings) -> None:
        settings.RADIOGRAPHERS_SEE = "own"
        with pytest.raises(StudyRefused, match="only their own"):
            reader_study_create(actor=alice, name="x", design="without", washout_days=0)


def drafted_again(study: ReaderStudy, leader: User) -> None:
    wanted, results = Wanted(10, 10), Diagnosis.objects.all()
    cases_choose(actor=leader, reader_study=study, results=results, wanted=wanted, filters=[], seed=1)


def test_two_sessions_turn_the_answer_round(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """Each case is read once with and once without the answer; two readers begin with opposite halves."""
    study = opened(alice, [bob, rita])
    first = [
        dict(joined(study, who).readings.filter(session=1).values_list("case", "with_answer")) for who in (bob, rita)
    ]
    assert sorted(first[0].values()) == [False] * 10 + [True] * 10
    assert all(first[0][case] != first[1][case] for case in first[0])
    for reader in study.readers.all():
        second = dict(reader.readings.filter(session=2).values_list("case", "with_answer"))
        begun = dict(reader.readings.filter(session=1).values_list("case", "with_answer"))
        assert all(second[case] != begun[case] for case in begun)
        orders = [
            list(reader.readings.filter(session=s).order_by("place").values_list("case", flat=True)) for s in (1, 2)
        ]
        assert orders[0] != orders[1]


def test_the_second_session_waits(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    reader = joined(opened(alice, [bob, rita], washout=28), bob)
    for _ in range(20):
        read_next(reader, "likely")
    now = timezone.now()
    place = place_of(reader)
    assert place.reading is None
    assert place.due is not None
    assert timedelta(days=27, hours=23) < place.due - now <= timedelta(days=28)
    later = place_of(reader, now + timedelta(days=28, minutes=1))
    assert later.reading is not None
    assert (later.session, later.number, later.total) == (2, 1, 20)


def test_two_tabs_are_one_reading(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    reader = joined(opened(alice, [bob, rita]), bob)
    reading = shown(reader)
    said = [
        reading_answer(reading=reading, user=bob, conclusion=conclusion, suspicion=step)
        for conclusion, step in (("likely", 5), ("unlikely", 1))
    ]
    reading.refresh_from_db()
    assert (said, reading.conclusion, reading.suspicion) == ([True, False], "likely", 5)


def test_only_the_case_in_front(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """Neither a case further on nor one that was never shown can be answered."""
    reader = joined(opened(alice, [bob, rita]), bob)
    further = reader.readings.get(session=1, place=5)
    assert not reading_answer(reading=further, user=bob, conclusion="likely", suspicion=5)
    first = place_of(reader).reading
    assert first
    assert not reading_answer(reading=first, user=bob, conclusion="likely", suspicion=5)


def test_voided_cases_are_left_out(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    study = opened(alice, [bob, rita], design="without")
    readers = [joined(study, who) for who in (bob, rita)]
    front = shown(readers[0])
    voided(front.case.study)
    assert not reading_answer(reading=front, user=bob, conclusion="likely", suspicion=5)
    for reader in readers:
        read_all(reader, right)
    reader_study_close(actor=alice, reader_study=study)
    found = results_of(ReaderStudy.objects.get())
    assert (found.voided, found.erased, len(found.cases)) == (1, 0, 19)
    assert [each.readings for each in found.arms[0].readers] == [19, 19]


def test_an_erased_patient_leaves_no_case(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    study = opened(alice, [bob, rita], design="without")
    reader = joined(study, bob)
    read_next(reader, "likely")
    study_erase(actor=None, study=reader.readings.get(place=1).case.study, reason=Reason.REQUEST)
    assert (study.cases.count(), reader.readings.count(), reader.readings.exclude(answered=None).count()) == (19, 19, 0)
    read_all(reader, right)
    reader_study_close(actor=alice, reader_study=study)
    assert results_of(ReaderStudy.objects.get()).erased == 1


def test_figures_of_a_crossover(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """Bob is always right; Rita calls everything likely, and with the answer says what the model says."""
    study = opened(alice, [bob, rita])
    read_all(joined(study, bob), right)
    read_all(joined(study, rita), lambda reading: follow(reading) if reading.with_answer else "likely")
    reader_study_close(actor=alice, reader_study=study)
    found = results_of(ReaderStudy.objects.get())
    names = {reader.number: reader.person.username for reader in found.readers}
    alone = {names[each.reader.number]: each.accuracy.answers for each in found.arms[0].readers}
    assert (alone["bob"].covid.positive, alone["bob"].non_covid.negative) == (10, 10)
    assert (alone["rita"].covid.positive, alone["rita"].non_covid.negative) == (10, 0)
    changes = {each.reader.person.username if each.reader else "all": each for each in found.changes}
    assert changes["rita"].specificity is not None
    assert changes["rita"].sensitivity is not None
    assert (changes["rita"].sensitivity.value, changes["rita"].specificity.value) == pytest.approx((-0.1, 0.9))
    assert changes["all"].specificity is not None
    assert changes["all"].specificity.value == pytest.approx(0.45)
    assert (found.model.answers.covid.positive, found.model.answers.non_covid.negative) == (9, 9)
    assert found.model.area is not None
    assert found.model.area.value == pytest.approx(0.9)  # nine of the ten positives are above every negative
    (pair,) = found.arms[0].pairs
    assert pair.figures is not None
    assert pair.figures.agreement == 0.5
    assert {each.case.reference for each in found.disagreements if "likely" in each.without} == {"negative", "positive"}


def follow(reading: Reading) -> str:
    return "likely" if reading.case.prediction == "Positive" else "unlikely"


def test_a_pause_counts_in_no_time(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    study = opened(alice, [bob, rita], design="without")
    reader = joined(study, bob)
    readings = [read_next(reader, "likely") for _ in range(3)]
    for reading, seconds in zip(readings, (20, 40, 3600), strict=True):
        row = Reading.objects.get(pk=reading.pk)
        assert row.answered
        Reading.objects.filter(pk=row.pk).update(shown=row.answered - timedelta(seconds=seconds))
    reader_study_close(actor=alice, reader_study=study)
    (times,) = [each.times for each in results_of(study).arms[0].readers]
    assert (times.median, times.flagged) == (pytest.approx(30), 1)


def test_who_has_left_reads_no_more(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    reader = joined(opened(alice, [bob, rita], design="without"), bob)
    reading = shown(reader)
    reader_leave(reader=reader)
    assert not reading_answer(reading=reading, user=bob, conclusion="likely", suspicion=5)


def test_every_step_is_recorded(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    study = opened(alice, [bob, rita], design="without")
    read_next(joined(study, bob), "likely")
    reader_study_close(actor=alice, reader_study=study)
    done = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert done[-5:] == [
        "reader-study-opened",
        "reader-study-joined",
        "image-viewed",
        "case-read",
        "reader-study-closed",
    ]


def test_a_patients_export_has_the_readings(
    alice: User, bob: User, rita: User, stored: list[Diagnosis], tmp_path: Path
) -> None:
    """With the reader's identifier and no name."""
    patient = patient_get_or_create(user=alice, details=PatientDetails("P-1", ""))
    assert patient
    Study.objects.filter(pk=stored[0].study_id).update(patient=patient)
    reader = joined(opened(alice, [bob, rita], design="without"), bob)
    read_all(reader, right)
    patient_export(actor=alice, patient=patient, to=tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        (study,) = json.loads(archive.read("patient.json"))["studies"]
    (case,) = study["case"]
    (reading,) = case["readings"]
    assert (case["reference"], case["prediction"]) == ("positive", "Negative")
    assert (reading["conclusion"], reading["suspicion"], reading["reader"]) == ("likely", 5, str(bob.uuid))
