"""Each service that writes against each other, at the same moment: both have read before either writes.

What must hold afterwards, no matter who was first: nothing erased comes back, no one was told "saved" whose change is
gone, columns that repeat others agree with them, and the audit is whole. On MariaDB also: no two wait for each other.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import pytest
from django.db import connection
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from audit.verification import verify
from diagnosis.errors import DiagnosisError
from diagnosis.models import Diagnosis, Patient, PatientMerge, PatientWord, Report, Standing, Study, StudyEvent
from diagnosis.models.words import words_of_name, words_of_reference
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.merging import merge_undo, patients_merge
from diagnosis.patients.services import patient_complete, patient_get_or_create, patient_update
from diagnosis.privacy.erasure import Reason, patient_erase, study_erase
from diagnosis.privacy.retention import purge
from diagnosis.reports.services import report_create, report_handed_out
from diagnosis.reviews.services import outcome_add, reading_add, review_add
from diagnosis.studies.services import study_edit, study_move, study_restore, study_void
from diagnosis.uploads.entered import EnteredDetails
from diagnosis.uploads.services import diagnosis_create
from tests.diagnosis.reports.made import made
from tests.uploads import radiograph_png

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]

LONG_AGO = timedelta(days=400)
_numbers = count(1)


@dataclass
class Case:
    """One patient with one study, on which two people work."""

    alice: User
    bob: User
    has_report: bool = False
    number: int = field(default_factory=lambda: next(_numbers))

    def __post_init__(self) -> None:
        self.content = radiograph_png(self.number)
        self.entered = PatientDetails(f"REF-{self.number}", f"canary{self.number} jane")
        diagnosis = self.upload(self.content)
        Study.objects.filter(pk=diagnosis.study_id).update(created=timezone.now() - LONG_AGO)
        self.study_pk, self.diagnosis_pk = diagnosis.study_id, diagnosis.pk
        self.patient_pk = diagnosis.study.patient_id or 0
        self.report_pk = made(self.alice, diagnosis).pk if self.has_report else 0
        other = patient_get_or_create(user=self.bob, details=PatientDetails(f"OTHER-{self.number}", "Other"))
        assert other
        self.other_pk = other.pk

    def upload(self, content: bytes) -> Diagnosis:
        entered = EnteredDetails(patient=self.entered)
        return diagnosis_create(user=self.alice, content=content, file_name="canary.png", entered=entered).diagnosis

    @property
    def study(self) -> Study:
        return Study.objects.select_related("patient").get(pk=self.study_pk)

    @property
    def patient(self) -> Patient:
        return Patient.objects.get(pk=self.patient_pk)

    @property
    def diagnosis(self) -> Diagnosis:
        return Diagnosis.objects.select_related("study__patient", "model_version").get(pk=self.diagnosis_pk)


Write = Callable[[], object]
Work = Callable[[Case], Write]


def edits(name: str, value: object) -> Work:
    def read(case: Case) -> Write:
        study = case.study
        return lambda: study_edit(user=case.alice, study=study, changes={name: value})

    return read


def names(name: str, value: str) -> Work:
    def read(case: Case) -> Write:
        patient, new = case.patient, value.format(case.number)
        return lambda: patient_update(user=case.bob, patient=patient, changes={name: new})

    return read


def completes(case: Case) -> Write:
    patient = case.patient
    known = PatientDetails(birth_date=date(1950, 5, 5))
    return lambda: patient_complete(user=case.alice, patient=patient, details=known)


def moves(case: Case) -> Write:
    study, other = case.study, Patient.objects.get(pk=case.other_pk)
    return lambda: study_move(user=case.bob, study=study, patient=other, reason="mixed up")


def merges(case: Case) -> Write:
    kept, merged = Patient.objects.get(pk=case.other_pk), case.patient
    return lambda: patients_merge(user=case.bob, kept=kept, merged=merged, reason="one person")


def unmerges(case: Case) -> Write:
    kept, merged = Patient.objects.get(pk=case.other_pk), case.patient
    if merged.merged_into_id:
        done = PatientMerge.objects.get(merged=merged)
    else:
        done = patients_merge(user=case.bob, kept=kept, merged=merged, reason="one person")
    return lambda: merge_undo(user=case.alice, merge=done)


def voids(case: Case) -> Write:
    study = case.study
    return lambda: study_void(user=case.bob, study=study, reason="twice")


def restores(case: Case) -> Write:
    study = case.study
    return lambda: study_restore(user=case.alice, study=study, reason="it counts")


def reviews(case: Case) -> Write:
    diagnosis = case.diagnosis
    return lambda: review_add(user=case.bob, diagnosis=diagnosis, conclusion="unlikely", reason="canary scars")


def enters_outcome(case: Case) -> Write:
    study = case.study
    return lambda: outcome_add(user=case.alice, study=study, result="positive", sampled=timezone.localdate())


def reads(case: Case) -> Write:
    study = case.study
    User.objects.filter(pk=case.bob.pk).update(reads_blind=True)
    return lambda: reading_add(user=User.objects.get(pk=case.bob.pk), study=study, conclusion="likely", note="canary")


def reports(case: Case) -> Write:
    diagnosis = case.diagnosis
    return lambda: report_create(user=case.alice, diagnosis=diagnosis, is_deidentified=False, site="https://x.org")


def prints(case: Case) -> Write:
    report = Report.objects.select_related("diagnosis__study").get(pk=case.report_pk)
    return lambda: report_handed_out(report=report, user=case.bob)


def uploads_more(case: Case) -> Write:
    return lambda: case.upload(radiograph_png(10_000 + case.number))


def uploads_again(case: Case) -> Write:
    return lambda: case.upload(case.content)


def erases_patient(case: Case) -> Write:
    patient = case.patient
    return lambda: patient_erase(actor=None, patient=patient, reason=Reason.REQUEST)


def erases_study(case: Case) -> Write:
    study = case.study
    return lambda: study_erase(actor=None, study=study, reason=Reason.MISTAKE)


def purges(case: Case) -> Write:
    return lambda: list(purge(timezone.now() - LONG_AGO / 2))


WORKS: dict[str, Work] = {
    "edit-notes": edits("notes", "canary cough"),
    "edit-projection": edits("projection", "AP"),
    "rename": names("name", "canary{} renamed"),
    "sex": names("sex", "F"),
    "complete": completes,
    "move": moves,
    "merge": merges,
    "unmerge": unmerges,
    "void": voids,
    "restore": restores,
    "review": reviews,
    "outcome": enters_outcome,
    "reading": reads,
    "report": reports,
    "print": prints,
    "upload-more": uploads_more,
    "upload-again": uploads_again,
    "erase-patient": erases_patient,
    "erase-study": erases_study,
    "purge": purges,
}
UPLOADS = {"upload-more", "upload-again"}


@dataclass
class End:
    """How one of the two ended."""

    error: Exception | None = None

    @property
    def is_told_so(self) -> bool:
        """Whether the person was told that nothing was done."""
        return self.error is not None


@contextmanager
def at_once(writes: dict[str, Write], ends: dict[str, End]) -> Iterator[None]:
    """Start all of them at the same moment; when the block ends, all have ended."""
    start = threading.Barrier(len(writes))

    def run(name: str) -> None:
        try:
            start.wait()
            writes[name]()
        except Exception as error:
            ends[name].error = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in writes]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def run(case: Case, one: str, other: str) -> dict[str, End]:
    """Both read, and then both write at once."""
    writes = {f"1 {one}": WORKS[one](case), f"2 {other}": WORKS[other](case)}
    ends = {name: End() for name in writes}
    with at_once(writes, ends):
        pass
    return ends


def expect_only_sentences(ends: dict[str, End]) -> None:
    """The second one is told so in a sentence (or by a 404); no fault, no waiting crosswise."""
    for name, end in ends.items():
        assert end.error is None or isinstance(end.error, DiagnosisError | Http404), f"{name}: {end.error!r}"


def expect_consistent(case: Case) -> None:
    study = Study.objects.select_related("patient").filter(pk=case.study_pk).first()
    if study is None:
        assert not Diagnosis.objects.filter(study=case.study_pk).exists()
        assert not StudyEvent.objects.filter(study=case.study_pk).exists()
        return
    if study.patient:
        found_by = set(PatientWord.objects.filter(patient=study.patient).values_list("word", flat=True))
        known = [study.patient, *study.patient.all_merged()]
        assert study.patient.merged_into is None
        assert found_by == {
            word for one in known for word in words_of_name(one.name) | words_of_reference(one.reference)
        }
    for diagnosis in study.diagnoses.all():
        assert diagnosis.standing == (Standing.VOIDED if study.voided else Standing.KEPT)
        assert diagnosis.outcome == study.outcome
        newest = diagnosis.reviews.order_by("-pk").first()
        assert diagnosis.review_state == (newest.verdict if newest else "unreviewed")


def expect_erased(case: Case, ends: dict[str, End], works: set[str]) -> None:
    if works & UPLOADS:
        return  # someone brought the patient's name again
    if "erase-patient" in works:
        assert not Patient.objects.filter(pk=case.patient_pk).exists(), ends
        assert not Patient.objects.filter(name__startswith=f"canary{case.number} ").exists(), ends
        assert not PatientWord.objects.filter(word=f"canary{case.number}").exists(), ends
    if works & {"erase-study", "purge"}:
        assert not Study.objects.filter(pk=case.study_pk).exists(), ends


def expect_saved(case: Case, ends: dict[str, End], works: set[str]) -> None:
    """A person who was not told otherwise finds what they stored."""
    if works & {"erase-patient", "erase-study", "purge"}:
        return
    study, patient = case.study, case.patient
    stored = {
        "edit-notes": study.notes == "canary cough",
        "edit-projection": study.projection == "AP",
        "rename": patient.name == f"canary{case.number} renamed",
        "sex": patient.sex == "F",
        "complete": patient.birth_date == date(1950, 5, 5),
        "outcome": study.outcome == "positive" or study.voided is not None,
    }
    for name, end in ends.items():
        assert end.is_told_so or stored.get(name.partition(" ")[2], True), f"{name} was told that it is saved"


@pytest.mark.parametrize("one", WORKS)
def test_each_pair(one: str, alice: User, bob: User) -> None:
    for other in list(WORKS)[list(WORKS).index(one) :]:
        User.objects.filter(pk=bob.pk).update(reads_blind=False)
        case = Case(alice, bob, has_report="print" in (one, other))
        ends = run(case, one, other)
        works = {one, other}
        expect_only_sentences(ends)
        expect_consistent(case)
        expect_erased(case, ends, works)
        expect_saved(case, ends, works)
    verify()


@pytest.mark.parametrize("one", ["edit-notes", "edit-projection", "rename", "sex"])
def test_of_two_edits_one_is_told(one: str, alice: User, bob: User) -> None:
    """The same form, sent twice at once with other values: one is saved, and the other person hears of it."""
    name = {"edit-notes": "notes", "edit-projection": "projection", "rename": "name", "sex": "sex"}[one]
    values = {"notes": ("a", "b"), "projection": ("PA", "AP"), "name": ("Ann", "Berta"), "sex": ("F", "M")}[name]
    make = names if name in ("name", "sex") else edits
    for _ in range(5):
        case = Case(alice, bob)
        writes = {value: make(name, value)(case) for value in values}
        ends = {value: End() for value in values}
        with at_once(writes, ends):
            pass
        row = case.patient if make is names else case.study
        assert [value for value, end in ends.items() if not end.is_told_so] == [getattr(row, name)]


def test_what_expired_and_came_back_stays(alice: User, bob: User) -> None:
    """A patient without a study was to be forgotten, and is uploaded for at that moment."""
    case = Case(alice, bob)
    study_erase(actor=None, study=case.study, reason=Reason.MISTAKE)
    Patient.objects.filter(pk=case.patient_pk).update(created=timezone.now() - LONG_AGO)
    forgetting = purge(timezone.now() - LONG_AGO / 2)
    other = patient_get_or_create(user=bob, details=PatientDetails("OLD", "Old"))
    assert other
    Patient.objects.exclude(pk=case.patient_pk).update(created=timezone.now() - LONG_AGO)
    Patient.objects.filter(pk=case.patient_pk).update(created=timezone.now() - LONG_AGO / 1.5)
    next(forgetting)  # both were found; the first is erased
    case.upload(radiograph_png(20_000))
    list(forgetting)
    assert Study.objects.get().patient_name == case.entered.name


def test_two_uploads_register_one_patient(alice: User, bob: User, engine: object) -> None:
    """Of one name and birthday, without a reference, which no constraint of a table keeps apart."""
    entered = EnteredDetails(patient=PatientDetails(name="Canary Twice", birth_date=date(1950, 5, 5)))

    def upload(person: User, seed: int) -> None:
        content = radiograph_png(seed)
        diagnosis_create(user=person, content=content, file_name="canary.png", entered=entered)
        connection.close()

    people = (alice, bob, alice, bob)
    threads = [threading.Thread(target=upload, args=[person, seed]) for seed, person in enumerate(people, 900)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Study.objects.count() == 4
    assert Patient.objects.filter(name="Canary Twice").count() == 1
