"""Searching the list of results: words in any order, accents folded, parts of a reference, by either plan."""

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.models import words
from diagnosis.results import search
from tests.cast import client_of
from tests.rows import listed, stored_result


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def patients(alice: User) -> None:
    stored_result(alice, file_name="IMG_0001.dcm", patient_id="P-17", patient_name="Łukaszewicz Anna")
    stored_result(alice, file_name="thorax 5%_a.png", patient_id="Q-17", patient_name="Nowak Jan")
    stored_result(alice, file_name="chest.png")


@pytest.mark.usefixtures("patients")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("IMG_0001.dcm", ["IMG_0001.dcm"]),
        ("img_", ["IMG_0001.dcm"]),
        ("P-1", ["IMG_0001.dcm"]),
        ("p-17", ["IMG_0001.dcm"]),
        ("ŁUKASZ", ["IMG_0001.dcm"]),
        ("łukaszewicz^anna", ["IMG_0001.dcm"]),
        ("Łukaszewicz,  Anna", ["IMG_0001.dcm"]),
        ("  nowak ", ["thorax 5%_a.png"]),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER N}owak", ["thorax 5%_a.png"]),
        ("thorax 5%", ["thorax 5%_a.png"]),
        ("chest", ["chest.png"]),
        ("17", ["thorax 5%_a.png", "IMG_0001.dcm"]),
        ("anna lukasz", ["IMG_0001.dcm"]),
        ("lukasz p-17", ["IMG_0001.dcm"]),
        ("lukasz nowak", []),
        ("anna anna a", ["IMG_0001.dcm"]),
        ("' OR 1=1 --", []),
        (" ^ , ", ["chest.png", "thorax 5%_a.png", "IMG_0001.dcm"]),
    ],
)
def test_spelling_does_not_matter_in_search(client: Client, typed: str, found: list[str]) -> None:
    assert listed(client, q=typed) == found


@pytest.mark.usefixtures("patients")
@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("wide", [0, 1, 1000])
def test_both_search_plans_find_the_same(
    client: Client, alice: User, charlie: User, few: int, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search finds the same whether it starts from few studies or from the list."""
    stored_result(alice, file_name="img_2.png", prediction="Negative")
    stored_result(charlie, file_name="IMG_elsewhere.dcm")
    monkeypatch.setattr(search, "FEW_STUDIES", few)
    monkeypatch.setattr(words, "RARE", few)
    monkeypatch.setattr(words, "WIDE", wide)
    assert listed(client, q="dcm img") == ["IMG_0001.dcm"]
    assert listed(client, q="anna lukasz") == ["IMG_0001.dcm"]
    assert listed(client, q="anna nowak") == []
    assert listed(client, q="img") == ["img_2.png", "IMG_0001.dcm"]
    assert listed(client, q="img", prediction="Positive") == ["IMG_0001.dcm"]


def test_a_long_name_is_found_by_its_start(client: Client, alice: User) -> None:
    name = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 300  # each is 18 characters in the key
    stored_result(alice, file_name="long.dcm", patient_name=name)
    assert listed(client, q="\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 20) == ["long.dcm"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Müller^Jörg", "jorg muller"),
        ("Đặng Minh", "minh dang"),
        ("Łukaszewicz Łukasz", "lukasz"),
        ("Straße Øyvind", "oyvind strasse"),
        ("O'Brien Siobhán", "siobhan obrien"),
        ("\u0623\u062d\u0645\u064e\u062f", "\u0627\u062d\u0645\u062f"),  # a hamza and a vowel sign
    ],
)
def test_accents_are_folded(client: Client, alice: User, name: str, typed: str) -> None:
    stored_result(alice, file_name="wanted.dcm", patient_name=name)
    stored_result(alice, file_name="other.dcm", patient_name="Rossi Wei")
    assert listed(client, q=typed) == listed(client, q=name) == ["wanted.dcm"]


def test_a_part_of_a_reference_is_found(client: Client, alice: User, charlie: User) -> None:
    stored_result(alice, file_name="wanted.dcm", patient_id="CN-0064579/A")
    stored_result(charlie, patient_id="CN-0064579/A")
    for typed in ("0064579", "64579", "cn0064579", "CN-006", "579", "0064579/a"):
        assert listed(client, q=typed) == ["wanted.dcm"], typed
    assert listed(client, q="0064578") == []


@pytest.mark.parametrize("typed", ["%", "_", "--", "\U0010fffe"])
def test_signs_alone_are_refused(client: Client, typed: str) -> None:
    assert client.get("/results/", {"q": typed}).status_code == 422
