"""Looking for words in clinical notes, on the database that the tests run on."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from diagnosis.results import notes as notes_search
from tests.cast import client_of
from tests.rows import listed, page_of, shown, stored_result, words_need_a_commit

NOTES = {
    "one": "Cough and fever for 3 days, SpO2 92 %.",
    "two": "Fever. No COUGH.\nKnown asthma",
    "three": "Ödem beidseits; Łukasz's mother",
    "none": "",
}

pytestmark = words_need_a_commit


@pytest.fixture
def client(alice: User) -> Client:
    for name, notes in NOTES.items():
        stored_result(alice, file_name=name, notes=notes)
    return client_of(alice)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("cough", ["two", "one"]),
        ("COUGH fever", ["two", "one"]),
        ("fever cough", ["two", "one"]),
        ("cou fev", ["two", "one"]),
        ("cough asthma", ["two"]),
        ("and", ["one"]),  # a word that full-text indexes leave out unless told otherwise
        ("spo2", ["one"]),
        ("ÖDEM", ["three"]),
        ("łukasz mother", ["three"]),
        ("ough", []),
        ("cough pneumonia", []),
        ('+fever -cough "asthma"', ["two"]),
        ("asthma*", ["two"]),
        ("(fever", ["two", "one"]),
        (".*fever", ["two", "one"]),
        ("fever%%%", ["two", "one"]),
        ("   ", ["none", "three", "two", "one"]),
    ],
)
def test_a_note_is_found_by_word_beginnings(client: Client, typed: str, found: list[str]) -> None:
    assert listed(client, notes=typed) == found


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("CT", "at least 3 letters"),
        ("chest CT", "at least 3 letters"),
        (".*", "at least 3 letters"),
        ("fever' OR '1'='1", "at least 3 letters"),
        ("one two three four five six seven eight nine", "at most 8 words"),
        ("x" * 201, "at most 200 characters"),
    ],
)
def test_an_impossible_search_is_explained(client: Client, typed: str, message: str) -> None:
    """What cannot be looked up is said and nothing is left out."""
    answer = client.get("/results/", {"notes": typed})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert shown(answer.content.decode()) == []


def test_foreign_notes_are_never_found(client: Client, charlie: User) -> None:
    assert listed(client_of(charlie), notes="cough") == []


def test_words_and_filters_add_up(client: Client, alice: User) -> None:
    stored_result(alice, file_name="four", notes="cough", prediction="Negative")
    assert listed(client, notes="cough", prediction="Negative") == ["four"]
    assert "Words in the notes: <bdi>cough" in page_of(client, notes="cough")


@pytest.mark.skipif(not notes_search.reads_newest_only(), reason="this database has an index of the words")
def test_without_an_index_newest_are_searched(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an index the newest uploads are searched and the field says so."""
    assert "in the newest 20,000 uploads" in page_of(client)
    monkeypatch.setattr(notes_search, "READ_STUDIES", 3)
    assert listed(client, notes="fever") == ["two"]
    monkeypatch.setattr("diagnosis.results.search.FEW_STUDIES", 0)
    assert listed(client, notes="fever") == ["two"]


@pytest.mark.skipif(connection.vendor != "mysql", reason="other databases have no full-text index")
def test_the_index_of_words_is_used(client: Client, alice: User) -> None:
    from diagnosis.models import Study

    plan = notes_search.studies_with_words(Study.objects.visible_to(alice), ["cough"]).explain()
    assert "study_by_words" in plan


def test_a_long_note_costs_no_more_than_its_length(client: Client, alice: User) -> None:
    """No text that is typed makes the search walk a note again and again."""
    stored_result(alice, file_name="long", notes="a" * 5000)
    address = reverse("diagnosis:results")
    assert client.get(address, {"notes": " ".join(["aaaaaaaaaaab"] * 8)}).status_code == 200
