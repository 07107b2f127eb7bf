"""Which spellings are one and which are two: the same on every database, whose own rules differ.

The databases compare characters by their number. What a person would take for the same has one spelling in a column of
its own (`accounts.normalise`, `diagnosis.models.fields`).
"""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Institution, User
from diagnosis.models import Patient
from tests.cast import client_of, person
from tests.rows import listed, stored_result, words_need_a_commit

NAMES = ["Ödem", "odem", "ODEM ", "STRASSE", "straße", "Ｆｕｌｌ", "full", "İstanbul", "x-😀", "x-😁", "a%b", "a_b"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ödem", {"Ödem", "odem", "ODEM "}),
        ("O\u0308DEM", {"Ödem", "odem", "ODEM "}),
        ("odem ", {"Ödem", "odem", "ODEM "}),
        ("strasse", {"STRASSE", "straße"}),
        ("STRAß", {"STRASSE", "straße"}),
        ("full", {"Ｆｕｌｌ", "full"}),
        ("i\u0307stanbul", {"İstanbul"}),
        ("istanbul", {"İstanbul"}),
        ("x-😀", {"x-😀", "x-😁"}),  # signs only divide words
        ("a%", {"a%b", "a_b"}),
        ("b a_", {"a%b", "a_b"}),
    ],
)
def test_a_search_finds_the_same_on_every_database(alice: User, typed: str, found: set[str]) -> None:
    for name in NAMES:
        stored_result(alice, file_name=name)
    assert set(listed(client_of(alice), q=typed)) == found


@words_need_a_commit
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ödem", {"one"}),
        ("odem", {"two"}),
        ("STRASSE", {"one", "two"}),
        ("brien", {"one"}),
        ("ｆｕｌｌ", {"two"}),
        ("line", {"two"}),
        ("spo2_91", {"one"}),
        ("a" * 90, {"two"}),
    ],
)
def test_words_of_notes_are_found_alike(alice: User, typed: str, found: set[str]) -> None:
    stored_result(alice, file_name="one", notes="ÖDEM (O'Brien); Straße, SpO2_91")
    stored_result(alice, file_name="two", notes=f"Odem.\nLine-full of STRASSE {'A' * 100}")
    assert set(listed(client_of(alice), notes=typed)) == found


def test_edited_notes_are_found_by_their_new_words(alice: User) -> None:
    study = stored_result(alice, notes="fever").study
    study.notes = "Cough!"
    study.save()
    study.refresh_from_db()
    assert study.notes_key == "cough"


def test_look_alike_names_are_one(hospital: Institution) -> None:
    """Names of people that look alike are one and others are two."""
    person("Zoë", hospital)
    for same in ("zoë", "ZOË", "Ｚｏë", "Zoe\u0308"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user(same, f"{len(same)}@example.com", institution=hospital)
    person("Zoe", hospital)
    assert User.objects.get_by_natural_key("ZOE").username == "Zoe"
    assert User.objects.get_by_natural_key("zoë").username == "Zoë"


def test_a_reference_ignores_letter_case(alice: User) -> None:
    def register(reference: str) -> Patient:
        return Patient.objects.create(institution=alice.institution, created_by=alice, reference=reference)

    register("P-1a")
    for same in ("p-1A", " P-1a ", "Ｐ-1a"):
        with pytest.raises(IntegrityError), transaction.atomic():
            register(same)
    register("P-1á")
    register("")
    register("")
    assert Patient.objects.count() == 4


@pytest.mark.parametrize(
    ("typed", "found"), [("ZOË", ["zoe"]), ("zoe", ["zoe"]), ("müller", ["bob"]), ("MÜLLER", ["bob"]), ("muller", [])]
)
def test_a_search_for_people_ignores_case(dora: User, hospital: Institution, typed: str, found: list[str]) -> None:
    for username, first_name, last_name in (("zoe", "Zoë", "B"), ("bob", "Bob", "Müller")):
        user = person(username, hospital)
        user.first_name, user.last_name = first_name, last_name
        user.save()
    page = client_of(dora).get("/admin/accounts/user/", {"q": typed}).content.decode()
    assert [name for name in ("zoe", "bob") if f">{name}</a>" in page] == found


def test_rows_are_sorted_by_code_point(hospital: Institution) -> None:
    names = ["zz", "Zz", "éa", "ea", "_", "a b", "ab", "😀", "\uffee"]
    for name in names:
        Institution.objects.create(name=f"{name}|{names.index(name)}")
    stored = Institution.objects.exclude(pk=hospital.pk).values_list("name", flat=True)
    assert list(stored.order_by("name")) == sorted(stored)


def test_text_comes_back_as_it_was_stored(hospital: Institution) -> None:
    strange = "é e\u0301 ß İ ﬁ 😀 \u200f\u2028 '\"\\%_ Ω  "
    hospital.name = strange
    hospital.save()
    hospital.refresh_from_db()
    assert hospital.name == strange
    assert not Institution.objects.filter(name=strange.rstrip()).exists()
