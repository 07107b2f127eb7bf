"""The four appearances of a result wherever results are told: list, CSV, API, report, statistics, FHIR, SR, export."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.models import Diagnosis, ModelFinding, Patient
from diagnosis.privacy.erasure import Reason, study_erase
from diagnosis.privacy.export import patient_export
from pacs.objects.building import object_file
from pacs.objects.identifiers import Kind
from pacs.objects.sources import source_of
from pacs.objects.statements import Statement, moment
from tests.api.programs import RESULTS, program_of
from tests.cast import client_of
from tests.diagnosis.reports.made import made, text_of
from tests.rows import appearances_add, listed, page_of, stored_result
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom

pytestmark = pytest.mark.django_db


@pytest.fixture
def result(alice: User, engine: ToyEngine) -> Diagnosis:
    """Most like a typical appearance, with 61 %."""
    diagnosis = diagnosed(alice)
    appearances_add(diagnosis)
    return Diagnosis.objects.get(pk=diagnosis.pk)


def test_the_list_is_filtered_by_the_most_probable(alice: User) -> None:
    for number, shares in enumerate([(0.6, 0.2, 0.1, 0.1), (0.1, 0.2, 0.6, 0.1)]):
        appearances_add(stored_result(alice, file_name=f"{number}.png"), *shares)
    stored_result(alice, file_name="of an older version.png")
    client = client_of(alice)
    assert listed(client, appearance="atypical") == ["1.png"]
    assert len(listed(client)) == 3
    assert "Most probable appearance" in page_of(client, appearance="atypical")
    assert client.get("/results/", {"appearance": "viral"}).status_code == 422


def test_an_export_reads_all_findings_at_once(
    alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(25):
        appearances_add(stored_result(alice))
    stored_result(alice)
    client = client_of(alice)
    with django_assert_max_num_queries(20):
        text = client.get("/results/export.csv").getvalue().decode()
    *rows, last = sorted(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))), key=lambda row: row["appearance"] == "")
    assert {(row["appearance"], row["appearance_typical"], row["appearance_negative"]) for row in rows} == {
        ("typical", "0.61", "0.14")
    }
    assert (last["appearance"], last["appearance_typical"]) == ("", "")


def test_the_api_tells_them(alice: User, result: Diagnosis) -> None:
    program = program_of(alice)
    answer = program.get(f"{RESULTS}{result.uuid}/").json()["answer"]
    assert answer["appearance"] == "typical"
    assert [(each["name"], each["probability"]) for each in answer["findings"]] == [
        ("typical", 0.61),
        ("indeterminate", 0.2),
        ("atypical", 0.05),
        ("negative", 0.14),
    ]
    assert answer["findings"][3]["label"] == "Negative for pneumonia"
    assert "does not look for anything else" in answer["not_looked_for"]
    assert len(program.get(RESULTS, {"appearance": "typical"}).json()["results"]) == 1
    assert program.get(RESULTS, {"appearance": "negative"}).json()["results"] == []


def test_a_hidden_result_has_none(alice: User, bob: User, result: Diagnosis) -> None:
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    program = program_of(bob)
    found = [program.get(f"{RESULTS}{result.uuid}/").content, program.get(RESULTS).content]
    found.append(client_of(bob).get(result.get_absolute_url()).content)
    found.append(client_of(bob).get("/results/export.csv").getvalue())
    for text in found:
        assert b"0.61" not in text
        assert b"61\xc2\xa0%" not in text
    assert program.get(RESULTS, {"appearance": "typical"}).json()["results"] == []


def test_a_report_prints_them(alice: User, result: Diagnosis) -> None:
    for is_deidentified in (False, True):
        with made(alice, result, is_deidentified=is_deidentified).pdf.open() as file:
            text = text_of(file.read())
        assert "Typical appearance" in text
        assert "61\N{NO-BREAK SPACE}%" in text or "61 %" in text
        assert "None of them is the answer" in text
        assert "does not look for anything else" in text


def test_statistics_count_them(alice: User, result: Diagnosis) -> None:
    day = result.created
    address = f"/statistics/{day.year}/{day.month}/"
    client = client_of(alice)
    assert "Results by appearance" in client.get(address).content.decode()
    stored_result(alice, created=day)  # of a version that does not look for them
    text = client.get(f"{address}report.csv").getvalue().decode()
    assert "most_probable_appearance,typical,,,,1" in text


def test_other_programs_are_told_them(alice: User, engine: ToyEngine, dicom_samples: Path) -> None:
    from diagnosis.uploads.services import diagnosis_create

    diagnosis = diagnosis_create(user=alice, content=radiograph_dicom(dicom_samples), file_name="chest.dcm").diagnosis
    appearances_add(diagnosis)
    diagnosis.refresh_from_db()
    report = program_of(alice).get(f"{RESULTS}{diagnosis.uuid}/fhir/").json()
    values = {each["id"]: each for each in report["contained"]}
    assert values["appearance-typical"]["valueQuantity"]["value"] == 0.61
    assert "does not look for anything else" in values["answer"]["note"][0]["text"]
    statement = Statement(diagnosis, moment(diagnosis.created))
    sent = object_file(Kind.REPORT, source_of(diagnosis.study), statement)
    assert b"Calibrated probability of a typical appearance" in sent
    assert b"does not look for anything else, such as tuberculosis" in sent


def test_export_and_erasure_of_a_patient_carry_them(alice: User, result: Diagnosis, tmp_path: Path) -> None:
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-1")
    result.study.patient = patient
    result.study.save()
    patient_export(actor=None, patient=patient, to=tmp_path / "patient.zip")
    with zipfile.ZipFile(tmp_path / "patient.zip") as archive:
        told = json.loads(archive.read("patient.json"))["studies"][0]["results"][0]
    assert told["appearance"] == "typical"
    assert [each["probability"] for each in told["model_findings"]] == [0.61, 0.2, 0.05, 0.14]
    study_erase(actor=None, study=result.study, reason=Reason.REQUEST)
    assert not ModelFinding.objects.exists()
