"""Pages of lists and searches in the audit: one entry each, with counts and never with what was looked for."""

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEntry
from diagnosis.models import Diagnosis
from tests.api.programs import program_of
from tests.cast import client_of
from tests.rows import stored_result
from tests.toy import ToyEngine
from tests.uploads import diagnosed

LISTS = {
    "/results/": ("results-listed", {"rows": 2, "asked": []}),
    "/results/?q=canary": ("results-listed", {"rows": 2, "asked": ["q"]}),
    "/results/?q=nothing&prediction=Positive": ("results-listed", {"rows": 0, "asked": ["prediction", "q"]}),
    "/api/results/?q=canary": ("results-listed", {"rows": 2, "asked": ["q"]}),
    "/patients/": ("patients-listed", {"rows": 2, "asked": []}),
    "/patients/?q=canary": ("patients-listed", {"rows": 2, "asked": ["q"]}),
    "/patients/suggestions.json?q=canary": ("patients-listed", {"rows": 2, "asked": ["suggestion"]}),
    "/": ("results-listed", {"rows": 2, "asked": ["home"]}),
}


@pytest.fixture
def results(alice: User) -> list[Diagnosis]:
    return [stored_result(alice, patient_id=f"P-{n}", patient_name=f"Canary {n}") for n in range(2)]


def entries() -> list[tuple[str, dict[str, object]]]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", "detail"))


@pytest.mark.parametrize("address", LISTS)
def test_a_page_is_one_entry(results: list[Diagnosis], alice: User, engine: ToyEngine, address: str) -> None:
    client = program_of(alice) if address.startswith("/api/") else client_of(alice)
    before = len(entries())
    assert client.get(address).status_code == 200
    assert entries()[before:] == [LISTS[address]]
    assert "canary" not in str(list(AuditEntry.objects.values())).lower()


def test_a_search_that_is_refused_is_none(results: list[Diagnosis], alice: User) -> None:
    client = client_of(alice)
    before = len(entries())
    assert client.get("/results/?since=yesterday").status_code == 422
    assert client.get("/patients/suggestions.json?q=zzz").json() == {"patients": []}
    assert len(entries()) == before


def test_thumbnails_belong_to_their_list(alice: User, bob: User, engine: ToyEngine) -> None:
    diagnoses = [diagnosed(alice, seed) for seed in range(2)]
    client = client_of(bob)
    client.get("/results/")
    before = len(entries())
    for diagnosis in diagnoses:
        assert client.get(f"/studies/{diagnosis.study.uuid}/thumbnail.jpg").getvalue()
    assert len(entries()) == before


def test_a_thumbnail_without_a_list_is_a_picture(alice: User, bob: User, engine: ToyEngine) -> None:
    diagnosis = diagnosed(alice)
    client: Client = client_of(bob)
    before = len(entries())
    for _ in range(2):
        assert client.get(f"/studies/{diagnosis.study.uuid}/thumbnail.jpg").getvalue()
    assert [action for action, _detail in entries()[before:]] == ["image-viewed"]
