"""What people added to a result is in its reports; a report that no longer says all of it is no longer valid."""

import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from diagnosis.models import Diagnosis, OwnReading, Patient, Report, Study, StudyEvent
from diagnosis.reports import services as report_services
from diagnosis.reports.files import read_report
from diagnosis.reports.parts import ReportContent
from diagnosis.reports.pdf import report_pdf
from diagnosis.reports.services import report_handed_out
from diagnosis.reviews.services import outcome_add, reading_add, review_add
from diagnosis.studies.services import study_void
from tests.cast import client_of
from tests.diagnosis.reports.made import made, text_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, stored_files


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine) -> Diagnosis:
    return diagnosed(alice)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def added_to(diagnosis: Diagnosis, alice: User, bob: User) -> None:
    """A reading of Alice's, an outcome, and a review of Bob's."""
    OwnReading.objects.create(study=diagnosis.study, reader=alice, conclusion="unlikely", note="Canary lungs are clear")
    outcome_add(user=alice, study=diagnosis.study, result="negative", sampled=date(2026, 2, 3))
    review_add(user=alice, diagnosis=diagnosis, conclusion="likely")
    review_add(user=bob, diagnosis=diagnosis, conclusion="unlikely", reason="Canary scars")


def state_of(report: Report) -> str:
    report.refresh_from_db()
    return report.state


def test_review_readings_and_outcome_are_printed(alice: User, bob: User, diagnosis: Diagnosis) -> None:
    assert "Not reviewed" in text_of(read_report(made(alice, diagnosis)))
    added_to(diagnosis, alice, bob)
    text = text_of(read_report(made(alice, diagnosis)))
    when = diagnosis.reviews.newest_first()[0].created
    for part in (
        "COVID unlikely – Disagrees – Bob",
        f"{when.day} {when:%b %Y, %H:%M} UTC",
        "Canary scars",
        "COVID unlikely – Alice",
        "Canary lungs are clear",
        "RT-PCR negative, sample taken 3 Feb 2026",
        "COVID probability 31",
    ):
        assert part in text
    assert "Agrees" not in text


def test_deidentified_has_no_words_of_people(alice: User, bob: User, diagnosis: Diagnosis) -> None:
    """A deidentified one has verdict and outcome and no words of people."""
    Study.objects.update(notes="Canary notes", projection="AP")
    added_to(diagnosis, alice, bob)
    pdf = read_report(made(alice, diagnosis, is_deidentified=True))
    said = text_of(pdf) + str(PdfReader(io.BytesIO(pdf)).metadata)
    assert [word for word in ("anary", "Bob", "Alice", "2026", str(timezone.now().year)) if word in said] == []
    assert [word for word in ("Disagrees", "RT-PCR negative", "AP (from the front)") if word not in said] == []


def test_long_names_and_notes_are_whole(alice: User, diagnosis: Diagnosis) -> None:
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, name="Đặng" * 75, reference="7")
    Study.objects.update(patient=patient, notes="Ŧ<b>" * 1250, projection="LATERAL")
    review_add(user=alice, diagnosis=diagnosis, conclusion="unsure", reason="Łß" * 1000)
    pdf = read_report(made(alice, diagnosis))
    text = text_of(pdf)
    heads = 6 * len(PdfReader(io.BytesIO(pdf)).pages)  # every page begins with as much of the name as there is room for
    assert text.count("Đ") == 75 + heads
    assert (text.count("Ŧ"), text.count("ß")) == (1250, 1000)
    assert "Lateral" in text
    assert len(PdfReader(io.BytesIO(pdf)).pages) < 8


def test_an_addition_supersedes_a_report(
    alice: User, bob: User, diagnosis: Diagnosis, client: Client, stranger: Client
) -> None:
    """A report is superseded from the moment on at which something was added."""
    reports = [made(alice, diagnosis), made(alice, diagnosis, is_deidentified=True)]
    content = [read_report(report) for report in reports]
    review_add(user=bob, diagnosis=diagnosis, conclusion="unlikely", reason="Scars")
    assert [state_of(report) for report in reports] == ["superseded", "superseded"]
    for report in reports:
        assert "This report is superseded" in stranger.get(f"/verify/{report.code}/").content.decode()
        assert "no longer valid" in client.get(report.get_absolute_url()).content.decode()
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert "The report is out of date" in page
    assert "The de-identified report is out of date" in page
    newer = made(bob, diagnosis)
    assert (state_of(newer), state_of(reports[0])) == ("valid", "superseded")
    assert reports[0].superseded_by == newer
    assert [read_report(report) for report in reports] == content
    assert "The report is out of date" not in client.get(diagnosis.get_absolute_url()).content.decode()


def test_everything_that_a_report_prints_outdates_it(alice: User, bob: User, diagnosis: Diagnosis) -> None:
    bob.reads_blind = True
    for add in (
        lambda: reading_add(user=bob, study=diagnosis.study, conclusion="likely"),
        lambda: review_add(user=alice, diagnosis=diagnosis, conclusion="likely"),
        lambda: outcome_add(user=alice, study=diagnosis.study, result="positive", sampled=date(2026, 2, 3)),
        lambda: outcome_add(user=alice, study=diagnosis.study, result="", sampled=None),
        lambda: study_void(user=alice, study=diagnosis.study, reason="wrong patient"),
    ):
        report = made(alice, diagnosis)
        assert state_of(report) == "valid"
        add()
        assert state_of(report) == "superseded"


def test_the_same_review_again_outdates_nothing(alice: User, diagnosis: Diagnosis) -> None:
    review_add(user=alice, diagnosis=diagnosis, conclusion="likely")
    report = made(alice, diagnosis)
    review_add(user=alice, diagnosis=diagnosis, conclusion="likely")
    assert state_of(report) == "valid"


def test_a_review_while_printing_outdates_it(
    alice: User, bob: User, diagnosis: Diagnosis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(content: ReportContent) -> bytes:
        review_add(user=bob, diagnosis=diagnosis, conclusion="unsure", reason="Rotated")
        return report_pdf(content)

    monkeypatch.setattr(report_services, "report_pdf", slowly)
    report = made(alice, diagnosis)
    assert "Rotated" not in text_of(read_report(report))
    assert state_of(report) == "superseded"


def test_a_voided_study_gets_no_report(alice: User, client: Client, diagnosis: Diagnosis, media_root: Path) -> None:
    study_void(user=alice, study=diagnosis.study, reason="wrong patient")
    files = stored_files(media_root)
    answer = client.post(f"/results/{diagnosis.uuid}/report/")
    assert "no report can be made" in client.get(answer["Location"]).content.decode()
    assert (Report.objects.count(), stored_files(media_root)) == (0, files)


def test_a_lost_radiograph_gets_no_report(client: Client, diagnosis: Diagnosis) -> None:
    """A radiograph whose file is lost gets no report and says so."""
    Path(diagnosis.study.display.path).unlink()
    answer = client.post(f"/results/{diagnosis.uuid}/report/")
    assert "picture of this radiograph is missing" in client.get(answer["Location"]).content.decode()
    assert not Report.objects.exists()


def kinds(diagnosis: Diagnosis) -> list[str]:
    events = StudyEvent.objects.filter(study=diagnosis.study, kind__in=("reported", "printed"))
    return list(events.order_by("pk").values_list("kind", flat=True))


def test_making_and_handing_out_are_recorded(client: Client, alice: User, bob: User, diagnosis: Diagnosis) -> None:
    report = made(alice, diagnosis)
    assert kinds(diagnosis) == ["reported"]
    for name in ("", "pages/1.png"):
        client.get(f"/reports/{report.uuid}/{name}")
    client.head(f"/reports/{report.uuid}/download")
    assert kinds(diagnosis) == ["reported"]
    for name in ("report.pdf", "download"):
        client.get(f"/reports/{report.uuid}/{name}")
    assert kinds(diagnosis) == ["reported", "printed"]
    client_of(bob).get(f"/reports/{report.uuid}/download")
    assert kinds(diagnosis) == ["reported", "printed", "printed"]
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert page.count("Report opened or downloaded") == 2
    assert state_of(report) == "valid"


def test_an_hour_later_it_is_noted_again(alice: User, diagnosis: Diagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    report, now = made(alice, diagnosis), timezone.now()
    for minutes in (0, 59, 61):
        monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(minutes=minutes))  # noqa: B023
        report_handed_out(report=report, user=alice)
    assert kinds(diagnosis).count("printed") == 2


# --- Erasure ----------------------------------------------------------------------------------------------------------
