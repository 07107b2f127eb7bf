"""A result as FHIR, judged by fhir.resources, and its codes by the value sets that R4 requires."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Action, AuditEntry
from diagnosis.models import Diagnosis
from diagnosis.reviews.services import review_add
from diagnosis.studies.services import study_void
from diagnosis.uploads.services import diagnosis_create
from tests.api.programs import program_of
from tests.oracles import judged
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom

pytestmark = pytest.mark.django_db

JUDGE = """
import json, sys
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
report = DiagnosticReport.model_validate(json.load(sys.stdin))
print(json.dumps([each.get_resource_type() for each in report.contained]))
"""
REQUIRED = {
    ("DiagnosticReport", "status"): {"preliminary", "entered-in-error"},
    ("Observation", "status"): {"preliminary", "entered-in-error"},
    ("ImagingStudy", "status"): {"available"},
    ("Patient", "gender"): {"male", "female", "other", "unknown"},
}
"""The choices of R4's required value sets that are meant here."""


def fhir(client: Client, diagnosis: Diagnosis) -> dict[str, Any]:
    answer = client.get(f"/api/results/{diagnosis.uuid}/fhir/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/fhir+json")
    report = answer.json()
    for resource in [report, *report["contained"]]:
        for (kind, name), allowed in REQUIRED.items():
            if resource["resourceType"] == kind and name in resource:
                assert resource[name] in allowed
    return report


def contained(report: dict[str, Any], key: str) -> dict[str, Any]:
    return next(each for each in report["contained"] if each["id"] == key)


@pytest.fixture
def from_dicom(alice: User, engine: ToyEngine, dicom_samples: Path) -> Diagnosis:
    content = radiograph_dicom(dicom_samples, PatientID="MRN-1", PatientName="Doe^Jane")
    diagnosis = diagnosis_create(user=alice, content=content, file_name="chest.dcm").diagnosis
    seen = {"quality": "limited", "opacities": "yes", "opacity_probability": 0.75}
    Diagnosis.objects.filter(pk=diagnosis.pk).update(**seen)
    return diagnosis


def test_a_dicom_result(program: Client, alice: User, from_dicom: Diagnosis) -> None:
    review_add(user=alice, diagnosis=from_dicom, conclusion="likely", findings=["effusion"], reason="Left side")
    report = fhir(program, from_dicom)
    kinds = judged(JUDGE, report)
    assert kinds == ["Patient", "Device", "ImagingStudy", *["Observation"] * 6]
    conclusion = contained(report, "conclusion")
    assert conclusion["valueCodeableConcept"]["text"] == "COVID likely"
    assert (conclusion["component"][0]["valueCodeableConcept"]["text"], conclusion["note"]) == (
        "Pleural effusion",
        [{"text": "Left side"}],
    )
    probability = contained(report, "probability")["valueQuantity"]
    assert probability == {"value": 0.31, "unit": "1", "system": "http://unitsofmeasure.org", "code": "1"}
    uids = [each["uid"] for each in contained(report, "imaging")["series"][0]["instance"]]
    assert uids == [from_dicom.study.sop_instance_uid]
    ids = {f"#{each['id']}" for each in report["contained"]}
    assert {each["reference"] for each in [*report["result"], *report["imagingStudy"], report["subject"]]} <= ids
    assert AuditEntry.objects.filter(action=Action.RESULT_VIEWED, subject=from_dicom.study.uuid).exists()


def test_a_picture_has_no_imaging_study(program: Client, alice: User) -> None:
    report = fhir(program, diagnosed(alice))
    assert judged(JUDGE, report) == ["Patient", "Device", "Observation", "Observation"]
    assert "imagingStudy" not in report


def test_a_voided_one_says_so(program: Client, alice: User, from_dicom: Diagnosis) -> None:
    study_void(user=alice, study=from_dicom.study, reason="Wrong patient")
    report = fhir(program, from_dicom)
    assert {report["status"], contained(report, "answer")["status"]} == {"entered-in-error"}
    assert "Positive" not in report["conclusion"]
    judged(JUDGE, report)


def test_blind_reading_hides_it(alice: User, bob: User, from_dicom: Diagnosis) -> None:
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    answer = program_of(bob).get(f"/api/results/{from_dicom.uuid}/fhir/")
    assert (answer.status_code, answer.json()["code"]) == (403, "answer-hidden")
