"""Merging two patients who are one person, and undoing it until something new is stored."""

import re
from datetime import date

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEntry
from diagnosis.models import Patient, PatientMerge, PatientWord, Study
from diagnosis.models.words import found_by_words
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.matching import patient_of_upload
from diagnosis.patients.merging import MergeRefused, merge_undo, patients_merge
from diagnosis.patients.mix_ups import mix_ups
from diagnosis.patients.services import patient_get_or_create
from diagnosis.privacy.erasure import Reason, patient_erase
from diagnosis.privacy.retention import kept_since, purge
from diagnosis.reviews.services import review_add
from tests.cast import client_of
from tests.rows import stored_result


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def two(alice: User) -> tuple[Patient, Patient]:
    """The one who is kept, with two studies, and the other, with one."""
    for reference, name in (("P-1", "Doe Jane"), ("P-1", ""), ("Q-2", "Doe^Jane Marie")):
        stored_result(alice, patient_id=reference, patient_name=name)
    return Patient.objects.get(reference="P-1"), Patient.objects.get(reference="Q-2")


def merge(user: User, two: tuple[Patient, Patient]) -> PatientMerge:
    return patients_merge(user=user, kept=two[0], merged=two[1], reason="married")


def studies(patient: Patient) -> int:
    return Study.objects.filter(patient=patient).count()


def listed(client: Client, text: str) -> list[str]:
    page = client.get("/patients/", {"q": text}).content.decode()
    return re.findall(r'patient-reference">(.*?)<', page)


def test_from_one_page_to_the_merged_patient(client: Client, two: tuple[Patient, Patient]) -> None:
    kept, other = two
    address = f"/patients/{kept.uuid}/merge/"
    assert f"?with={other.uuid}" in client.get(address, {"q": "marie"}).content.decode()
    page = client.get(f"{address}?with={other.uuid}").content.decode()
    assert "They differ" in page
    assert client.post(f"{address}?with={other.uuid}", {"keep": "this", "reason": "one person"}).status_code == 422
    answer = client.post(f"{address}?with={other.uuid}", {"keep": "this", "reason": "one person", "sure": "on"})
    assert answer["Location"] == f"/patients/{kept.uuid}/"
    assert (studies(kept), studies(other)) == (3, 0)
    page = client.get(answer["Location"]).content.decode()
    assert "one person" in page
    assert client.get(f"/patients/{other.uuid}/")["Location"] == f"/patients/{kept.uuid}/"
    assert listed(client, "q-2") == listed(client, "marie") == ["P-1"]
    (undo,) = re.findall(r'action="(/patients/.*?/undo/)"', page)
    client.post(undo)
    assert (studies(kept), studies(other)) == (2, 1)
    assert listed(client, "marie") == ["Q-2"]
    assert listed(client, "jane doe") == ["Q-2", "P-1"]
    codes = list(AuditEntry.objects.filter(action__startswith="patients-").values_list("action", flat=True))
    assert [code for code in codes if "merged" in code] == ["patients-unmerged", "patients-merged"]


def test_the_old_reference_leads_to_the_kept_one(alice: User, two: tuple[Patient, Patient]) -> None:
    """For an upload with the old number, in the file or typed; and the file's own name is no mix-up."""
    merge(alice, two)
    named = PatientDetails("Q-2", "Doe Jane Marie")
    for entered, file in ((named, PatientDetails()), (PatientDetails(), named)):
        assert patient_of_upload(user=alice, entered=entered, file=file) == two[0]
    study = Study.objects.filter(patient=two[0]).latest("pk")
    study.dicom = {"patient_id": "Q-2", "patient_name": "Doe^Jane Marie"}
    assert mix_ups(study) == []
    study.dicom = {"patient_id": "Q-2", "patient_name": "Roe^Max"}
    assert [mix_up.name for mix_up in mix_ups(study)] != []


def test_after_something_new_it_stays(alice: User, bob: User, two: tuple[Patient, Patient]) -> None:
    done = merge(alice, two)
    review_add(user=bob, diagnosis=Study.objects.latest("pk").diagnoses.get(), conclusion="likely")
    with pytest.raises(MergeRefused, match="one by one"):
        merge_undo(user=alice, merge=done)
    assert studies(two[0]) == 3


def test_a_new_study_keeps_it_from_being_undone(client: Client, alice: User, two: tuple[Patient, Patient]) -> None:
    done = merge(alice, two)
    new = stored_result(alice, patient_id="Q-2").study
    new.events.create(actor=alice, kind="uploaded")
    assert new.patient == two[0]
    page = client.get(two[0].get_absolute_url()).content.decode()
    assert "can no longer be undone" in page
    client.post(f"/patients/{two[0].uuid}/merges/{done.pk}/undo/")
    assert studies(two[0]) == 4


def test_strangers_are_not_merged(client: Client, alice: User, charlie: User, two: tuple[Patient, Patient]) -> None:
    theirs = patient_get_or_create(user=charlie, details=PatientDetails("P-1", "Doe Jane"))
    assert theirs
    assert client.get(f"/patients/{two[0].uuid}/merge/?with={theirs.uuid}").status_code == 404
    assert client.get(f"/patients/{two[0].uuid}/merge/?with={two[0].uuid}").status_code == 404
    assert client.get(f"/patients/{theirs.uuid}/merge/").status_code == 404
    with pytest.raises(MergeRefused):
        patients_merge(user=alice, kept=two[0], merged=theirs, reason="x")
    done = merge(alice, two)
    assert client_of(charlie).post(f"/patients/{two[0].uuid}/merges/{done.pk}/undo/").status_code == 404
    with pytest.raises(MergeRefused):
        patients_merge(user=alice, kept=Patient.objects.get(pk=two[1].pk), merged=two[0], reason="x")


def test_erasing_one_erases_all(alice: User, two: tuple[Patient, Patient]) -> None:
    merge(alice, two)
    patient_erase(actor=None, patient=two[0], reason=Reason.REQUEST)
    assert not Patient.objects.exists()
    assert not PatientMerge.objects.exists()


def test_a_merged_patient_does_not_expire(alice: User, two: tuple[Patient, Patient]) -> None:
    """It has no study, and is needed to undo the merge and to know the reference."""
    merge(alice, two)
    Study.objects.update(created="2099-01-01T00:00Z")
    assert list(purge(kept_since(-1))) == []
    assert Patient.objects.count() == 2


def test_a_timeline_for_two_studies(client: Client, alice: User, bob: User, two: tuple[Patient, Patient]) -> None:
    newest = two[0].studies.latest("pk")
    Study.objects.filter(pk=newest.pk).update(study_date=date(2026, 4, 1), outcome="positive")
    Study.objects.filter(pk=newest.pk).update(outcome_date=date(2026, 4, 3))
    review_add(user=bob, diagnosis=newest.diagnoses.get(), conclusion="likely")
    page = client.get(two[0].get_absolute_url()).content.decode()
    table = page[page.index("timeline-table") : page.index("</table>")]
    assert re.findall(r"\d+ \w+ 2026", table) == ["14 Mar 2026", "1 Apr 2026"]
    assert "Agrees, COVID likely" in table
    assert page.count('class="timeline-mark') == 2
    assert page.count('class="timeline-sample ') == 1
    assert "timeline" not in client.get(two[1].get_absolute_url()).content.decode()
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    page = client.get(two[0].get_absolute_url()).content.decode()
    assert (page.count("timeline-hidden"), "timeline-sample" in page) == (2, False)


def test_words_of_merged_patients_are_those_of_one(alice: User, two: tuple[Patient, Patient]) -> None:
    merge(alice, two)
    words = PatientWord.objects.visible_to(alice)
    assert found_by_words(words, ["marie"], 9) == found_by_words(words, ["doe"], 9) == {two[0].pk}
