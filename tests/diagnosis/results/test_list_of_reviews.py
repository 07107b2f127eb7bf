"""The list of results with what people said: reviews, outcomes, voided uploads; and in blind reading."""

import csv
import io
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.models import Diagnosis, OwnReading, Review, ReviewState
from diagnosis.results import search
from tests.cast import client_of
from tests.rows import listed, page_of, shown, stored_result, words_need_a_commit


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def cell(text: str, name: str) -> str:
    """What the only row says in one of its cells."""
    (content,) = re.findall(rf'<td class="list-{name}" role="cell">(.*?)</td>', text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", content).split())


@pytest.mark.parametrize("state", ReviewState.values)
def test_reviews_are_shown_and_filtered(client: Client, alice: User, state: str) -> None:
    for value in ReviewState.values:
        stored_result(alice, file_name=value, review=value)
    text = page_of(client, review=state)
    assert shown(text) == [state]
    assert (cell(text, "answer"), cell(text, "review")) == ("Positive", ReviewState(state).label)


@pytest.mark.parametrize("few", [0, 1000])
def test_an_outcome_is_shown_and_filtered_by(
    client: Client, alice: User, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW_STUDIES", few)
    for outcome in ("", "positive", "negative"):
        stored_result(alice, file_name=outcome or "unknown", outcome=outcome, review="agrees")
    text = page_of(client, outcome="positive")
    assert shown(text) == ["positive"]
    assert cell(text, "review") == "Agrees RT-PCR positive"
    assert listed(client) == ["negative", "positive", "unknown"]
    assert listed(client, outcome="positive", review="disagrees") == []


@words_need_a_commit
@pytest.mark.parametrize("few", [0, 1, 1000])
def test_all_that_is_asked_of_studies_holds_at_once(
    client: Client, alice: User, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the studies of each condition are few or many."""
    monkeypatch.setattr(search, "FEW_STUDIES", few)
    stored_result(alice, file_name="img 1", outcome="positive", notes="Cough since Monday.")
    stored_result(alice, file_name="img 2", outcome="positive", notes="Fever.")
    stored_result(alice, file_name="img 3", outcome="negative", notes="Cough.")
    stored_result(alice, file_name="scan", outcome="positive", notes="Cough.")
    assert listed(client, q="img", outcome="positive", notes="cough") == ["img 1"]
    assert listed(client, q="img", notes="cough") == ["img 3", "img 1"]
    assert listed(client, outcome="positive", notes="cough", sort="oldest") == ["img 1", "scan"]


def test_voided_uploads_have_their_own_list(client: Client, alice: User, charlie: User) -> None:
    stored_result(alice, file_name="kept.png")
    stored_result(alice, file_name="wrong.png", is_voided=True)
    stored_result(charlie, file_name="charlies.png", is_voided=True)
    text = page_of(client)
    assert (shown(text), "list-voided" in text) == (["kept.png"], False)
    assert listed(client, q="wrong") == []
    text = page_of(client, voided="only")
    assert (shown(text), "list-voided" in text) == (["wrong.png"], True)
    assert listed(client, q="wrong", voided="only") == ["wrong.png"]


@pytest.mark.parametrize("query", ["review=maybe", "outcome=maybe", "voided=all"])
def test_what_is_no_choice_is_refused(client: Client, alice: User, query: str) -> None:
    stored_result(alice)
    answer = client.get(f"/results/?{query}")
    assert answer.status_code == 422
    assert shown(answer.content.decode()) == []


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    text = client.get(f"/results/export.csv{query}").getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_export_has_review_and_outcome(client: Client, alice: User) -> None:
    stored_result(alice, review="disagrees", outcome="negative")
    voided = stored_result(alice, is_voided=True)
    (row,) = exported(client)
    assert (row["prediction"], row["review"], row["rt_pcr"], row["voided"]) == ("Positive", "disagrees", "negative", "")
    for query in ("?voided=only", f"?scope=selected&select={voided.uuid}"):
        (row,) = exported(client, query)
        assert row["voided"].startswith("2026-03-15T12:00")


# Who reads blind ------------------------------------------------------------------------------------------------------


@pytest.fixture
def blind(alice: User, bob: User) -> Client:
    """Alice, who reads blind. Of five studies she has read one and reviewed another; Bob has read a third."""
    alice.reads_blind = True
    alice.save()
    rows = {
        name: stored_result(bob, file_name=name, probability=probability, review="agrees", outcome="positive")
        for name, probability in (("read", 0.77), ("reviewed", 0.66), ("bobs", 0.55), ("new", 0.44))
    }
    OwnReading.objects.create(study=rows["read"].study, reader=alice, conclusion="unlikely")
    Review.objects.create(diagnosis=rows["reviewed"], reviewer=alice, verdict="agrees", conclusion="likely")
    OwnReading.objects.create(study=rows["bobs"].study, reader=bob, conclusion="unlikely")
    Review.objects.create(diagnosis=rows["bobs"], reviewer=bob, verdict="agrees", conclusion="likely")
    return client_of(alice)


def test_an_unread_row_says_only_that(blind: Client) -> None:
    text = page_of(blind, q="new")
    assert cell(text, "answer") == "Hidden until you have read it"
    assert (cell(text, "probability"), cell(text, "review")) == ("–", "–")
    row = re.sub(r"[0-9a-f-]{36}", "", text[text.index("<tbody") : text.index("</tbody")])  # no UUID has a say in this
    assert not re.search(r"Positive|44|label-|Agrees|RT-PCR", row)


def test_a_row_that_was_read_says_all(blind: Client) -> None:
    text = page_of(blind, q="read")
    assert cell(text, "answer") == "Positive"
    assert (cell(text, "probability"), cell(text, "review")) == ("77 %", "Agrees RT-PCR positive")


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize(
    "query",
    [
        {"prediction": "Positive"},
        {"review": "agrees"},
        {"outcome": "positive"},
        {"low": "0"},
        {"high": "100"},
        {"sort": "highest"},
        {"sort": "lowest"},
        {"sort": "highest", "q": "re"},
    ],
    ids=str,
)
def test_a_revealing_list_holds_read_rows_only(
    blind: Client, query: dict[str, str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that would tell the answer holds what was read and says so."""
    monkeypatch.setattr(search, "FEW_STUDIES", few)
    text = page_of(blind, "", **query)
    assert sorted(shown(text)) == ["read", "reviewed"]
    assert "You read blind" in text


def test_other_lists_hold_everything(blind: Client) -> None:
    for query in ({}, {"since": "2026-01-01"}, {"sort": "oldest"}):
        text = page_of(blind, "", **query)
        assert len(shown(text)) == 4
        assert "You read blind" not in text


def test_an_empty_list_says_why(blind: Client) -> None:
    assert "You read blind" in page_of(blind, prediction="Negative")


def test_a_page_next_to_an_unread_row(blind: Client) -> None:
    hidden = Diagnosis.objects.get(study__file_name="new").uuid
    for place in ("after", "before"):
        assert blind.get("/results/", {"sort": "highest", place: str(hidden)}).status_code == 404
        assert blind.get("/results/", {"sort": "newest", place: str(hidden)}).status_code == 200


def test_the_export_leaves_the_cells_empty(blind: Client) -> None:
    rows = {row["file_name"]: row for row in exported(blind)}
    for column in ("prediction", "covid_probability", "confidence", "review", "rt_pcr", "rt_pcr_sampled"):
        assert rows["new"][column] == "", column
        assert rows["bobs"][column] == "", column
    assert rows["read"]["prediction"] == "Positive"
    assert {row["file_name"] for row in exported(blind, "?prediction=Positive")} == {"read", "reviewed"}
    hidden = Diagnosis.objects.get(study__file_name="new").uuid
    (row,) = exported(blind, f"?scope=selected&select={hidden}")
    assert (row["prediction"], row["covid_probability"]) == ("", "")


def test_a_blind_list_costs_one_more_query(
    blind: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """A blind reader's list costs one query more whatever its length."""
    for _ in range(2):
        with django_assert_num_queries(14):
            page_of(blind)
        with django_assert_num_queries(17):
            page_of(blind, sort="highest")
        for _number in range(10):
            stored_result(alice)
