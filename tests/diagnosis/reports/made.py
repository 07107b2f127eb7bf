"""Reports for the tests, and what a PDF says."""

import dataclasses
import io
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image
from pypdf import PdfReader

from accounts.models import User
from diagnosis.findings import Prediction
from diagnosis.models import Diagnosis, Report
from diagnosis.reports.parts import Answer, Fact, Figures, ReportContent
from diagnosis.reports.services import report_create
from diagnosis.wording.answers import in_words

SITE = "https://xray.example.org"


def made(user: User, diagnosis: Diagnosis, *, is_deidentified: bool = False) -> Report:
    """A stored report, read back from the database."""
    stored = Diagnosis.objects.get(pk=diagnosis.pk)
    report = report_create(user=user, diagnosis=stored, is_deidentified=is_deidentified, site=SITE)
    return Report.objects.get(pk=report.pk)


def content(**changes: Any) -> ReportContent:
    """What a report prints, with some of it changed."""
    return dataclasses.replace(_CONTENT, **changes)


def text_of(pdf: bytes) -> str:
    """All words of a PDF in one line."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def _picture(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((300, 260), level, dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def answer(probability: float = 0.31) -> Answer:
    stored = Diagnosis(
        prediction=Prediction.POSITIVE,
        probability=probability,
        confidence=probability,
        operating_point=0.24,
        indeterminate_low=0.2,
        indeterminate_high=0.28,
        milliseconds=5,
    )
    return Answer(Prediction.POSITIVE, "Positive", probability, 0.24, 0.2, 0.28, in_words(stored))


_CONTENT = ReportContent(
    language="en",
    institution="St. Anna",
    logo=None,
    is_deidentified=False,
    heading="Jane Doe  ·  MRN-0042",
    patient=(Fact("Name", "Jane Doe"), Fact("Patient reference", "MRN-0042")),
    study=(Fact("Modality", "CR"), Fact("File", "thorax.dcm")),
    verdicts=(Fact("Reader", "Agrees"), Fact("RT-PCR", "RT-PCR positive")),
    additions=(Fact("Review", "Agrees – Bob, 5 Mar 2026, 09:00 UTC"), Fact("RT-PCR", "RT-PCR positive")),
    notes="Cough for a week.",
    radiograph=_picture(90),
    heat_map=_picture(160),
    opacity_map=None,
    remarks=(),
    answer=answer(),
    model=(Fact("Version", "toy-1"),),
    figures=(Figures("Test folder (12 images)", "90.0 % (80.0 to 95.0)", "85.0 % (75.0 to 90.0)", "0.950 (0.9 to 1)"),),
    limits=("Decision support, research use. This is not a certified medical device.",),
    produced_by="Alice",
    produced=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
    code="AAAA-BBBB-CCCC-DDDD",
    address="https://xray.example.org/verify/AAAA-BBBB-CCCC-DDDD/",
)
