"""The patient's other studies on the page of a result, and the one compared with it."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from diagnosis.models import Diagnosis, Patient, Study
from tests.cast import client_of
from tests.rows import stored_result
from tests.toy import ToyEngine
from tests.uploads import diagnosed

HIDDEN = "Hidden until you have read it"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def result(alice: User, engine: ToyEngine) -> Diagnosis:
    """A result of a patient whom the institution knows."""
    result = diagnosed(alice)
    result.study.patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference="K-7")
    result.study.save()
    return result


def of_the_patient(result: Diagnosis, user: User, day: date = date(2026, 3, 1), **values) -> Diagnosis:
    """Another study of that patient."""
    other = stored_result(user, **values)
    Study.objects.filter(pk=other.study.pk).update(patient=result.study.patient, study_date=day)
    return other


def status_beside(client: Client, result: Diagnosis, uuid: object) -> int:
    return client.get(result.get_absolute_url(), {"beside": str(uuid)}).status_code


def test_other_studies_are_newest_first(client: Client, alice: User, result: Diagnosis) -> None:
    older = of_the_patient(result, alice, date(2025, 12, 24), prediction="Negative", probability=0.07)
    newer = of_the_patient(result, alice, date(2026, 2, 1))
    stored_result(alice, patient_id="K-8")
    text = client.get(result.get_absolute_url()).content.decode()
    strip = re.sub(r"[ \n]+", " ", text[text.index("Other studies of this patient") :])
    assert re.findall(r"/studies/([\w-]{36})/thumbnail.jpg", strip) == [str(newer.study.uuid), str(older.study.uuid)]
    assert "24 Dec 2025" in strip
    assert 'Negative</span> <span class="result-probability">COVID probability 7\N{NO-BREAK SPACE}%' in strip
    assert "Not reviewed" in strip
    assert f"/patients/{Patient.objects.get(reference='K-7').uuid}/" in strip


def test_at_most_twelve_are_listed(client: Client, alice: User, result: Diagnosis) -> None:
    """Twelve are listed whatever their number in as many queries."""
    of_the_patient(result, alice)
    with CaptureQueriesContext(connection) as few:
        client.get(result.get_absolute_url())
    for _ in range(13):
        of_the_patient(result, alice)
    with CaptureQueriesContext(connection) as many:
        text = client.get(result.get_absolute_url()).content.decode()
    assert len(many) == len(few)
    assert text.count("/thumbnail.jpg") == 12


def test_an_unknown_patient_has_no_other_studies(client: Client, alice: User, result: Diagnosis) -> None:
    stored_result(alice)
    Study.objects.update(patient=None)
    assert "Other studies" not in client.get(result.get_absolute_url()).content.decode()


def test_another_study_is_shown_next_to_it(client: Client, alice: User, result: Diagnosis) -> None:
    other = of_the_patient(result, alice)
    text = client.get(result.get_absolute_url(), {"beside": str(other.study.uuid)}).content.decode()
    assert text.count("data-stage") == 2
    assert f"/studies/{other.study.uuid}/display.jpg" in text
    assert f"/results/{other.uuid}/heat-map.png" in text


def test_only_the_same_patient_is_compared(client: Client, alice: User, charlie: User, result: Diagnosis) -> None:
    voided = of_the_patient(result, alice)
    Study.objects.filter(pk=voided.study.pk).update(voided=timezone.now())
    strangers = of_the_patient(result, charlie)
    somebody_elses = stored_result(alice, patient_id="K-8")
    of_no_patient = stored_result(alice)
    for other in (voided, strangers, somebody_elses, of_no_patient, result):
        assert status_beside(client, result, other.study.uuid) == 404
    for nonsense in ("", "1", "../../etc/passwd", "\x00", "'--"):
        assert status_beside(client, result, nonsense) == 404
    assert status_beside(client, of_no_patient, result.study.uuid) == 404


def test_who_reads_blind_compares_without_any_answer(client: Client, alice: User, result: Diagnosis) -> None:
    other = of_the_patient(result, alice, probability=0.77)
    User.objects.update(reads_blind=True)
    text = client.get(result.get_absolute_url(), {"beside": str(other.study.uuid)}).content.decode()
    assert text.count("data-stage") == 2
    assert HIDDEN in text
    for answer in ("heat-map.png", "77\N{NO-BREAK SPACE}%", "31\N{NO-BREAK SPACE}%", "label-positive", "not a lesion"):
        assert answer not in text
    result.study.own_readings.create(reader=alice, conclusion="unlikely")
    text = client.get(result.get_absolute_url(), {"beside": str(other.study.uuid)}).content.decode()
    assert f"/results/{result.uuid}/heat-map.png" in text
    assert f"/results/{other.uuid}/heat-map.png" not in text
    assert "77\N{NO-BREAK SPACE}%" not in text
