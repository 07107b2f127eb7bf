"""That every filter and order is served by an index, as the database itself says."""

import re
from datetime import date

import pytest
from django.db import connection

from accounts.models import User
from diagnosis.models import Study, StudyWord
from diagnosis.models.ordering import (
    LEAST_PROBABLE_FIRST,
    MOST_PROBABLE_FIRST,
    NEWEST_FIRST,
    OLDEST_FIRST,
    Order,
)
from diagnosis.results import search
from diagnosis.results.search import ResultFilter, filtered_results
from tests.rows import stored_result

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plans")

ORDERS = [NEWEST_FIRST, OLDEST_FIRST, MOST_PROBABLE_FIRST, LEAST_PROBABLE_FIRST]
FILTERS: list[dict[str, object]] = [
    {},
    {"prediction": "Positive"},
    {"first_day": date(2026, 1, 1), "last_day": date(2026, 12, 31)},
    {"radiographer": 1},
    {"review": "unreviewed"},
    {"model_version": 1},
    {"lowest": 0.2, "highest": 0.8},
    {"standing": "voided"},
    {"standing": "voided", "review": "agrees"},
    {"outcome": "positive"},
    {"outcome": "negative", "review": "disagrees", "prediction": "Positive"},
    {"prediction": "Positive", "radiographer": 1, "model_version": 1, "lowest": 0.2},
    {"appearance": "typical"},
    {"appearance": "atypical", "prediction": "Positive", "review": "unreviewed"},
]


def plan_of(user: User, asked: ResultFilter) -> str:
    return filtered_results(user, asked).values_list("pk", flat=True)[:51].explain()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_a_list_reads_one_index_unsorted(alice: User, wanted: dict, order: Order) -> None:
    plan = plan_of(alice, ResultFilter(**wanted, order=order))
    assert re.search(
        r"SEARCH diagnosis_diagnosis USING (COVERING )?INDEX \w+ \(institution_id=\? AND standing=\?", plan
    ), plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("order", ORDERS)
def test_a_page_starts_where_the_last_ended(alice: User, order: Order) -> None:
    row = stored_result(alice)
    rows = filtered_results(alice, ResultFilter(order=order)).following(row, order)
    plan = rows.values_list("pk", flat=True)[:51].explain()
    assert re.search(rf"institution_id=\? AND standing=\? AND {order.column}[<>]\?", plan), plan
    assert "TEMP B-TREE" not in plan


def test_a_search_reads_part_of_an_index(alice: User) -> None:
    plan = StudyWord.objects.visible_to(alice).of_all(["chest", "png"])[:51].explain()
    assert "studies_by_word (institution_id=? AND word>? AND word<?)" in plan, plan
    assert "words_of_study (study_id=? AND word>? AND word<?)" in plan, plan


def test_the_newest_are_found_by_an_index(alice: User) -> None:
    newest = Study.objects.visible_to(alice).order_by("-pk").values_list("pk", flat=True)
    plan = newest[20_000:20_001].explain()
    assert re.search(r"SEARCH diagnosis_study USING COVERING INDEX \w+ \(institution_id=\?\)", plan), plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("order", ORDERS)
def test_many_notes_are_met_along_the_list(alice: User, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "FEW_STUDIES", 0)
    stored_result(alice, notes="Cough.")
    plan = plan_of(alice, ResultFilter(notes="cough", order=order))
    assert re.search(r"diagnoses_by_(date|score) \(institution_id=\? AND standing=\?\)", plan), plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("order", ORDERS)
def test_few_studies_start_the_list(alice: User, order: Order) -> None:
    for _ in range(3):
        stored_result(alice)
    assert "study_id=?" in plan_of(alice, ResultFilter(text="chest", order=order))


@pytest.mark.parametrize("order", ORDERS)
def test_a_patients_name_reads_no_row(alice: User, order: Order) -> None:
    """At a million results two names are those of ten thousand: an index sorts and filters them alone."""
    stored_result(alice, patient_id="P1", patient_name="Nowak Anna")
    plan = plan_of(alice, ResultFilter(text="anna nowak", prediction="Positive", order=order))
    assert "USING COVERING INDEX diagnoses_of_studies (study_id=? AND standing=?)" in plan, plan
    assert "INDEX diagnosis_study_patient_id" in plan, plan


def test_many_studies_are_met_along_the_list(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "FEW_STUDIES", 0)
    stored_result(alice)
    plan = plan_of(alice, ResultFilter(text="chest"))
    assert "diagnoses_by_date (institution_id=? AND standing=?)" in plan
    assert "TEMP B-TREE" not in plan
