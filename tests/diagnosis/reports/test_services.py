"""Making, storing and superseding reports; what of a diagnosis they print."""

import hashlib
import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError
from PIL import Image
from pypdf import PdfReader
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Diagnosis, ModelVersion, Report
from diagnosis.reports.content import figures_of
from diagnosis.reports.files import ReportUnavailable, read_report
from diagnosis.uploads.services import diagnosis_create
from tests.diagnosis.reports.made import made, text_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom, stored_files

CANARY = {
    "PatientName": "Canary^Jane",
    "PatientID": "MRN-0042",
    "PatientBirthDate": "19610203",
    "StudyDate": "20200405",
    "AccessionNumber": "ACC-77",
}


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine) -> Diagnosis:
    return diagnosed(alice)


@pytest.fixture
def named(alice: User, engine: ToyEngine, dicom_samples: Path) -> Diagnosis:
    """Of a DICOM file that says whom it shows."""
    content = radiograph_dicom(dicom_samples, **CANARY)
    return diagnosis_create(user=alice, content=content, file_name="canary-jane.dcm").diagnosis


def pdf_of(report: Report) -> bytes:
    return read_report(report)


def test_the_file_is_the_one_described(alice: User, diagnosis: Diagnosis) -> None:
    report = made(alice, diagnosis)
    pdf = pdf_of(report)
    assert pdf.startswith(b"%PDF")
    assert (report.sha256, report.size) == (hashlib.sha256(pdf).hexdigest(), len(pdf))
    assert report.pdf.name == f"reports/{report.uuid.hex[:2]}/{report.uuid}/report.pdf"
    assert (report.created_by, report.state) == (alice, Report.State.VALID)


def test_it_prints_patient_answer_and_model(alice: User, named: Diagnosis) -> None:
    report = made(alice, named)
    text = text_of(pdf_of(report))
    for part in (
        "St. Anna",
        "Jane",
        "MRN-0042",
        "3 Feb 1961",
        "5 Apr 2020",
        "ACC-77",
        "canary-jane.dcm",
        "COVID probability 31",
        "toy-1",
        "ab" * 20,
        "Alice",
        report.code,
        f"https://xray.example.org/verify/{report.code}/",
    ):
        assert part in text


def test_a_deidentified_one_has_no_name_or_day(alice: User, named: Diagnosis) -> None:
    report = made(alice, named, is_deidentified=True)
    pdf = pdf_of(report)
    said = text_of(pdf) + str(PdfReader(io.BytesIO(pdf)).metadata)
    secrets = ("anary", "Jane", "MRN-0042", "1961", "2020-04", "ACC-77", "Anna", "Alice", named.study.sha256[:20])
    assert [secret for secret in secrets if secret in said] == []
    assert str(report.created.year) not in said
    assert "31" in said
    assert "own pixels has not been removed" in said


def test_pictures_in_it_carry_nothing_but_pixels(alice: User, named: Diagnosis) -> None:
    images = [image for page in PdfReader(io.BytesIO(pdf_of(made(alice, named)))).pages for image in page.images]
    assert len(images) == 2
    for image in images:
        with Image.open(io.BytesIO(image.data)) as picture:
            assert not picture.getexif()
            assert max(picture.size) <= 1200


def test_a_newer_one_supersedes_the_older(alice: User, bob: User, diagnosis: Diagnosis) -> None:
    first = made(alice, diagnosis)
    content = pdf_of(first)
    second, third = made(bob, diagnosis), made(alice, diagnosis)
    for report in (first, second):
        report.refresh_from_db()
    assert [report.state for report in (first, second, third)] == ["superseded", "superseded", "valid"]
    assert (first.superseded_by, second.superseded_by) == (second, third)
    assert pdf_of(first) == content


def test_deidentified_ones_are_a_kind_apart(alice: User, diagnosis: Diagnosis) -> None:
    full, copy = made(alice, diagnosis), made(alice, diagnosis, is_deidentified=True)
    full.refresh_from_db()
    assert (full.state, copy.state) == ("valid", "valid")


def test_a_report_is_neither_changed_nor_deleted(alice: User, diagnosis: Diagnosis) -> None:
    report = made(alice, diagnosis)
    report.sha256 = "0" * 64
    with pytest.raises(TypeError, match="never changes"):
        report.save()
    with pytest.raises(TypeError, match="never deleted"):
        report.delete()
    with pytest.raises(Exception, match="protected"):
        diagnosis.delete()


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"%PDF forged"), lambda path: path.unlink()])
def test_an_altered_file_is_not_handed_out(alice: User, diagnosis: Diagnosis, damage) -> None:
    report = made(alice, diagnosis)
    damage(Path(report.pdf.path))
    with pytest.raises(ReportUnavailable, match=r"is missing|was altered"):
        read_report(report)


def test_when_the_row_fails_no_file_is_left(
    alice: User, diagnosis: Diagnosis, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, older = stored_files(media_root), made(alice, diagnosis)
    before = stored_files(media_root)

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(Report, "save", fail)
    with pytest.raises(DatabaseError):
        made(alice, diagnosis)
    older.refresh_from_db()
    assert (older.state, stored_files(media_root)) == ("valid", before)


def test_a_full_disk_leaves_nothing(
    alice: User, diagnosis: Diagnosis, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored_files(media_root)

    def half(name: str, content: object) -> str:
        path = media_root / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"%PDF")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", half)
    with pytest.raises(OSError, match="No space"):
        made(alice, diagnosis)
    assert (Report.objects.count(), stored_files(media_root)) == (0, before)


def test_codes_differ_and_cannot_be_guessed() -> None:
    codes = {Report().code for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code.replace("-", "")) == 16 for code in codes)


def test_settings_name_institution_and_logo(
    alice: User, diagnosis: Diagnosis, settings: Settings, tmp_path: Path
) -> None:
    Image.new("RGBA", (300, 100), "teal").save(tmp_path / "logo.png")
    settings.REPORT_INSTITUTION, settings.REPORT_LOGO = "Group of Hospitals", str(tmp_path / "logo.png")
    reader = PdfReader(io.BytesIO(pdf_of(made(alice, diagnosis))))
    assert "Group of Hospitals" in reader.pages[0].extract_text()
    assert "St. Anna" not in reader.pages[0].extract_text()
    assert len(reader.pages[0].images) == 3


@pytest.mark.parametrize("logo", ["nowhere.png", "damaged.png"])
def test_a_logo_that_cannot_be_read_is_left_out(
    alice: User, diagnosis: Diagnosis, settings: Settings, tmp_path: Path, logo: str
) -> None:
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    settings.REPORT_LOGO = str(tmp_path / logo)
    assert "St. Anna" in text_of(pdf_of(made(alice, diagnosis)))


def test_card_figures_have_their_intervals(alice: User, diagnosis: Diagnosis) -> None:
    figure = {"value": 0.9247, "low": 0.9048, "high": 0.9432}
    part = {"images": 2864, "sensitivity": figure, "specificity": None, "roc_auc": figure}
    card = {"figures": {"parts": {"test": part, "validation": part}}, "external": {"elsewhere": part}}
    ModelVersion.objects.update(card=card)
    text = text_of(pdf_of(made(alice, Diagnosis.objects.get())))
    assert "92.5 % (90.5 to 94.3 %)" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "0.925 (0.905 to 0.943)" in text
    assert "“elsewhere”, other hospitals" in text
    assert len(list(figures_of(card))) == 2
    counts = {"positive": 0, "indeterminate": 12, "negative": 58, "refused": 3}
    none = {"sensitivity": {"value": 0.0, "low": 0.0, "high": 0.05}, "table": {"covid": counts}}
    [shown] = figures_of({"external": {"elsewhere": none}})
    assert "(0.0 to 5.0\N{NO-BREAK SPACE}%), Positive 0, Indeterminate 12, Negative 58, Refused 3" in shown.sensitivity
