"""A patient called Canary goes through everything that the site does: no log, no audit entry, no file name, no message
and no other hospital hears of him.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AccountEvent, User
from audit.models import AuditEntry
from diagnosis.models import Diagnosis, Patient, Report
from operations.logs import JsonFormatter
from tests.cast import client_of
from tests.diagnosis.patients.test_matching import form_values
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom, radiograph_png, stored_files, upload

NAME = {"PatientName": "Canary^Zebedee", "PatientID": "CANARY-7"}
STATISTICS = [
    "",
    "2026/",
    "2026/report.csv",
    "2026/1/",
    "2026/1/report.csv",
    "scorecard/",
    "scorecard/scorecard.csv",
    "drift/",
]


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Every record as the site writes it, down to the finest."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(JsonFormatter().format(record))  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in ("", "django")]  # the second hands nothing on to the first
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield lines
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
def client(alice: User, engine: ToyEngine) -> Client:
    return client_of(alice)


def a_day_with_canary(client: Client, samples: Path) -> Diagnosis:
    """Upload, look, write about him, print, export, count."""
    upload(client, radiograph_dicom(samples, **NAME), "Canary.dcm")
    diagnosis = Diagnosis.objects.get()
    result, study = diagnosis.get_absolute_url(), f"/studies/{diagnosis.study.uuid}/"
    patient = Patient.objects.get().get_absolute_url()
    client.post(f"{result}review/", {"review-conclusion": "unlikely", "review-reason": "Canary has an effusion"})
    client.post(
        f"{result}outcome/", {"outcome-result": "positive", "outcome-sampled": "2026-01-05", "outcome-sure": "on"}
    )
    for page in ("edit", "move", "void", "restore"):
        values = form_values(client, f"{study}{page}/")
        client.post(f"{study}{page}/", {**values, "notes": "Canary coughs", "reason": "Canary himself"})
    client.post(f"{patient}edit/", {**form_values(client, f"{patient}edit/"), "name": "Canary, Zebediah"})
    client.post(f"{result}report/", {"kind": "full"})
    report = Report.objects.get().get_absolute_url()
    pages = [result, patient, study + "original", study + "display.jpg", "/results/export.csv?q=canary", "/"]
    pages += ["/results/?q=canary", "/patients/?q=canary", "/patients/suggestions.json?q=canary"]
    pages += [report, report + "report.pdf", report + "download", *(f"/statistics/{name}" for name in STATISTICS)]
    assert {page: status for page in pages if (status := status_of(client, page)) != 200} == {}
    return diagnosis


def status_of(client: Client, address: str) -> int:
    answer = client.get(address)
    answer.getvalue()
    return answer.status_code


def everything_that_goes_wrong(client: Client, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are refused, forms that are wrong, addresses that do not exist, an error, a stranger's guesses."""
    refused = [radiograph_dicom(samples, **NAME, Modality="CT"), radiograph_dicom(samples, **NAME)[:5000], b"Canary"]
    assert [upload(client, content, "Canary.dcm").status_code for content in refused] == [422, 422, 422]
    assert upload(client, radiograph_png(), reference="CANARY-8", birth_date="Canary").status_code == 422
    assert client.get("/results/nobody/?q=Canary").status_code == 404
    assert client.get("/results/?page=Canary&sort=Canary").status_code < 500
    client.post("/results/?Canary=1", {"Canary": "Canary"})
    Client(enforce_csrf_checks=True).post("/accounts/sign-in/", {"username": "Canary", "password": "Canary"})
    Client().post("/accounts/sign-in/", {"username": "Canary Zebedee", "password": "Canary"})

    def fail(*_: object) -> None:
        raise ValueError("DETAIL: Key (name)=(Canary^Zebedee) already exists")

    monkeypatch.setattr("diagnosis.models.DiagnosisQuerySet.visible_to", fail)
    assert client.get("/results/?q=Canary").status_code == 500
    monkeypatch.undo()


def test_a_patients_name_goes_nowhere(
    client: Client,
    charlie: User,
    dora: User,
    dicom_samples: Path,
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: list[str],
) -> None:
    diagnosis = a_day_with_canary(client, dicom_samples)
    everything_that_goes_wrong(client, dicom_samples, monkeypatch)
    assert len(log) > 20
    assert [line for line in log if "canary" in line.lower()] == []
    kept = [*AuditEntry.objects.values(), *AccountEvent.objects.values()]
    assert len(kept) > 15
    assert "canary" not in json.dumps(kept, default=str).lower()
    assert [path for path in stored_files(media_root) if "canary" in str(path).lower()] == []
    assert mail.outbox == []
    for person in (charlie, dora):
        for page in (diagnosis.get_absolute_url(), "/", "/results/?q=canary", "/statistics/", "/admin/"):
            assert "Zebed" not in client_of(person).get(page, follow=True).content.decode()
    rows = f"/admin/diagnosis/diagnosis/{diagnosis.pk}/change/", "/admin/diagnosis/diagnosis/"
    assert not [page for page in rows if "anary" in client_of(dora).get(page).content.decode()]
