"""The audit log and the results as administrators see them: to read, and without a patient."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import person_suspend
from audit.models import AuditEntry
from diagnosis.models import Patient
from tests.cast import client_of, person
from tests.rows import stored_result

LOG, RESULTS = "/admin/audit/auditentry/", "/admin/diagnosis/diagnosis/"


@pytest.fixture
def client(dora: User) -> Client:
    return client_of(dora)


def numbers(client: Client, **query: str) -> list[int]:
    answer = client.get(LOG, query)
    assert answer.status_code == 200
    return [entry.sequence for entry in answer.context["cl"].result_list]


def test_it_is_listed_newest_first(client: Client, alice: User, dora: User) -> None:
    client_of(alice)
    assert numbers(client) == [2, 1]
    assert "alice" in client.get(LOG).content.decode()


def test_it_says_who_was_suspended_by_whom(client: Client, bob: User, dora: User) -> None:
    person_suspend(actor=dora, person=bob, reason="Canary typed this")
    for page in (f"{LOG}?action__exact=account-suspended", f"{LOG}2/change/"):
        text = client.get(page).content.decode()
        assert "person: bob" in text
        assert "dora" in text
        assert "Canary" not in text


def test_search_by_action_day_and_person(client: Client, alice: User) -> None:
    stored = stored_result(alice, patient_id="CANARY-1", patient_name="Canary Jane")
    patient = Patient.objects.get()
    alices = client_of(alice)
    alices.get(stored.get_absolute_url())
    alices.get(patient.get_absolute_url())
    assert numbers(client, action__exact="result-viewed") == [3]
    assert numbers(client, q=str(patient.uuid)) == [4, 3]
    assert numbers(client, q=str(stored.study.uuid)) == [3]
    assert numbers(client, q="ALICE") == [4, 3, 2]
    assert numbers(client, q=str(alice.uuid)) == [4, 3, 2]
    assert numbers(client, q="3") == [3]
    assert numbers(client, q="Canary Jane") == []
    assert numbers(client, time__gte="2200-01-01 00:00:00+00:00") == []


def test_the_list_costs_the_same_however_long_it_is(client: Client, alice: User, django_assert_max_num_queries) -> None:
    for _ in range(20):
        client_of(alice)
    with django_assert_max_num_queries(9):
        assert len(numbers(client)) == 21


@pytest.mark.parametrize("page", [f"{LOG}1/change/", f"{LOG}1/delete/", f"{LOG}add/"])
def test_nothing_is_changed_there(client: Client, page: str) -> None:
    before = AuditEntry.objects.get().hash
    assert client.post(page, {"action": "signed-out", "post": "yes"}).status_code == 403
    assert AuditEntry.objects.get().hash == before


@pytest.fixture
def result_page(alice: User) -> str:
    stored = stored_result(alice, file_name="canary.dcm", patient_id="CANARY-1", patient_name="Canary", notes="canary")
    return f"{RESULTS}{stored.pk}/change/"


def test_results_are_read_without_a_patient(client: Client, result_page: str) -> None:
    for page in (RESULTS, result_page):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "toy-1" in answer.content.decode()
        assert "canary" not in answer.content.decode().lower()


def test_results_are_not_changed_there(client: Client, result_page: str) -> None:
    assert client.post(result_page, {"prediction": "Negative"}).status_code == 403
    assert client.post(result_page.replace("change", "delete"), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "lookup", ["study__patient__name__startswith", "study__notes__contains", "requested_by__password__startswith"]
)
def test_a_patient_cannot_be_searched_for(client: Client, result_page: str, lookup: str) -> None:
    assert client.get(RESULTS, {lookup: "C"}).status_code == 400


def test_a_blind_administrator_sees_no_answer(alice: User, result_page: str) -> None:
    """An administrator who reads blind is not told the answers."""
    erin = person("erin", alice.institution, is_staff=True, is_radiographer=True, reads_blind=True)
    assert client_of(erin).get(RESULTS).status_code == 403
    assert client_of(erin).get(result_page).status_code == 403
