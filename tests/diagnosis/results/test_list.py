"""The list of results as a radiographer uses it: search, filters, order, pages, and addresses that can be kept."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client
from django.utils.http import urlencode
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.results import list_views, search
from tests.cast import client_of
from tests.rows import link, listed, page_of, shown, stored_result

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


# How many, and filters one step away ----------------------------------------------------------------------------------


def test_how_many_there_are(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        stored_result(alice)
    stored_result(alice, prediction="Negative")
    assert "4 results" in page_of(client)
    assert "1 result<" in page_of(client, prediction="Negative")
    monkeypatch.setattr(list_views, "MOST_COUNTED", 2)
    monkeypatch.setattr(search, "MOST_COUNTED", 2)
    assert "More than 2 results" in page_of(client)


def test_chips_add_a_filter_and_take_it_away(client: Client, alice: User) -> None:
    stored_result(alice, file_name="tested.png", outcome="negative")
    stored_result(alice, file_name="untested.png")
    stored_result(alice, file_name="clear.png", prediction="Negative")
    text = page_of(client, prediction="Positive")
    (address,) = re.findall(r'href="([^"]*)"><span aria-hidden="true">\+</span> No RT-PCR yet', text)
    text = page_of(client, unescape(address))
    assert shown(text) == ["untested.png"]
    (address,) = re.findall(r'href="([^"]*)">Answer: <bdi>Positive', text)
    assert shown(page_of(client, unescape(address))) == ["clear.png", "untested.png"]


# Filters --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prediction", Diagnosis.Label.values)
def test_an_answer(client: Client, alice: User, prediction: str) -> None:
    for label in Diagnosis.Label.values:
        stored_result(alice, file_name=label, prediction=label)
    assert listed(client, prediction=prediction) == [prediction]


def test_a_radiographer(client: Client, alice: User, bob: User) -> None:
    stored_result(alice, file_name="alices.png")
    stored_result(bob, file_name="bobs.png")
    assert listed(client, by=bob.uuid) == ["bobs.png"]


def test_former_radiographers_are_offered(client: Client, alice: User, bob: User, charlie: User) -> None:
    """A radiographer who has left is still offered and a stranger never."""
    stored_result(bob)
    stored_result(charlie)
    User.objects.filter(pk=bob.pk).update(is_active=False, status="suspended", is_radiographer=False)
    text = page_of(client)
    assert str(bob.uuid) in text
    assert str(alice.uuid) not in text  # nothing to find by her
    assert str(charlie.uuid) not in text


def test_a_model_version(client: Client, alice: User, charlie: User) -> None:
    old = stored_result(alice, file_name="old.png", version="one").model_version
    stored_result(alice, file_name="new.png", version="two")
    foreign = stored_result(charlie, version="three").model_version
    assert listed(client, model=old.uuid) == ["old.png"]
    assert str(foreign.uuid) not in page_of(client)


def test_days_include_the_first_and_the_last(client: Client, alice: User) -> None:
    for day in (9, 10, 11, 12, 13):
        stored_result(alice, file_name=str(day), created=datetime(2026, 3, day, 23, 59, 59, tzinfo=UTC))
    assert listed(client, since="2026-03-10", until="2026-03-12") == ["12", "11", "10"]
    assert listed(client, since="2026-03-12") == ["13", "12"]
    assert listed(client, until="2026-03-10") == ["10", "9"]
    assert listed(client, since="2026-03-11", until="2026-03-11") == ["11"]


def test_a_day_is_one_of_the_persons_time_zone(client: Client, alice: User) -> None:
    alice.time_zone = "Asia/Kuching"  # UTC+8
    alice.save()
    stored_result(alice, file_name="early", created=datetime(2026, 3, 9, 16, 0, tzinfo=UTC))
    stored_result(alice, file_name="before", created=datetime(2026, 3, 9, 15, 59, tzinfo=UTC))
    assert listed(client, since="2026-03-10", until="2026-03-10") == ["early"]


def test_a_range_of_probabilities_includes_its_ends(client: Client, alice: User) -> None:
    for percent in (0, 10, 29, 57, 100):
        stored_result(
            alice,
            file_name=str(percent),
            probability=percent / 100,
            created=datetime(2026, 1, 1 + percent % 9, tzinfo=UTC),
        )
    assert sorted(listed(client, low=29, high=57)) == ["29", "57"]
    assert sorted(listed(client, low=0, high=0)) == ["0"]
    assert sorted(listed(client, low="57.0")) == ["100", "57"]
    assert listed(client, high="9.9") == ["0"]


def test_filters_add_up(client: Client, alice: User, bob: User) -> None:
    stored_result(alice, file_name="img_1", probability=0.9)
    stored_result(bob, file_name="img_2", probability=0.9)
    stored_result(bob, file_name="img_3", probability=0.4)
    stored_result(bob, file_name="other", probability=0.9)
    assert listed(client, q="img", by=bob.uuid, low=50) == ["img_2"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("prediction=Maybe", "no such answer"),
        (f"by={NOWHERE}", "No result here is by this person"),
        ("by=1", "No result here is by this person"),
        ("model=%00", "No result here is by this model version"),
        ("sort=probability;drop", "no such order"),
        ("since=yesterday", "year-month-day"),
        ("since=0001-01-01", "year-month-day"),
        ("until=9999-12-31", "year-month-day"),
        ("until=2026-02-30", "year-month-day"),
        ("since=2026-03-02&until=2026-03-01", "before the first one"),
        ("low=-1", "from 0 to 100"),
        ("low=nan", "from 0 to 100"),
        ("high=Infinity", "from 0 to 100"),
        ("high=1e999999999", "from 0 to 100"),
        ("high=%D9%A3%D9%A4x", "from 0 to 100"),
        ("low=50&high=40", "less than the lowest"),
        ("q=%00", "Null characters"),
        (f"q={'x' * 5000}", "at most 150 characters"),
    ],
)
def test_a_senseless_filter_is_explained(client: Client, alice: User, query: str, message: str) -> None:
    """A filter that makes no sense is explained and shows no rows."""
    stored_result(alice, file_name="hidden.png")
    answer = client.get(f"/results/?{query}")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert message in text
    assert "hidden.png" not in text
    assert 'aria-invalid="true"' in text
    export = client.get(f"/results/export.csv?{query}")
    assert (export.status_code, export["Location"][:10]) == (302, "/results/?")
    assert client.get(export["Location"]).status_code == 422


def test_other_parameters_change_nothing(client: Client, alice: User) -> None:
    stored_result(alice, file_name="here.png")
    assert listed(client, utm="x", institution="2", page="9") == ["here.png"]


# Order ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "first_to_last"),
    [("newest", "cba"), ("oldest", "abc"), ("highest", "bca"), ("lowest", "acb"), ("", "cba")],
)
def test_orders(client: Client, alice: User, sort: str, first_to_last: str) -> None:
    for day, (name, probability) in enumerate([("a", 0.1), ("b", 0.9), ("c", 0.5)], start=1):
        stored_result(alice, file_name=name, probability=probability, created=datetime(2026, 1, day, tzinfo=UTC))
    assert listed(client, sort=sort) == list(first_to_last)


def test_a_heading_sorts_and_reverses(client: Client, alice: User) -> None:
    """A heading sorts and turns the order round and keeps the filter."""
    for name, probability in (("a", 0.1), ("b", 0.9), ("c", 0.5)):
        stored_result(alice, file_name=name, probability=probability)
    text = page_of(client, "?prediction=Positive")
    text = page_of(client, link(text, "COVID probability"))
    assert (shown(text), 'aria-sort="descending"' in text) == (["b", "c", "a"], True)
    address = link(text, "COVID probability")
    assert "prediction=Positive" in address
    text = page_of(client, address)
    assert (shown(text), 'aria-sort="ascending"' in text) == (["a", "c", "b"], True)


# Pages ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def seven(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven results of one moment and, two by two, of one probability; three to a page."""
    monkeypatch.setattr(search, "PAGE_ROWS", 3)
    for number in range(7):
        stored_result(alice, file_name=str(number), probability=number // 2 / 10)


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("sort", ["newest", "oldest", "highest", "lowest"])
def test_pages_forth_and_back_show_every_result_once(client: Client, sort: str) -> None:
    pages = [page_of(client, f"?sort={sort}")]
    while 'rel="next"' in pages[-1]:
        pages.append(page_of(client, link(pages[-1], "next")))
    names = [shown(text) for text in pages]
    expected = sorted("0123456", reverse=sort in ("newest", "highest"))
    assert [name for rows in names for name in rows] == expected
    assert [len(rows) for rows in names] == [3, 3, 1]
    assert 'rel="prev"' not in pages[0]

    back = page_of(client, link(pages[2], "prev"))
    assert shown(back) == names[1]
    assert shown(page_of(client, link(back, "prev"))) == names[0]
    assert shown(page_of(client, link(pages[2], "First page"))) == names[0]


@pytest.mark.usefixtures("seven")
def test_a_page_keeps_its_rows(client: Client, alice: User) -> None:
    address = link(page_of(client, ""), "next")
    before = shown(page_of(client, address))
    stored_result(alice, file_name="newer", created=datetime(2026, 4, 1, tzinfo=UTC))
    assert shown(page_of(client, address)) == before


@pytest.mark.usefixtures("seven")
def test_a_short_top_page_becomes_the_first(client: Client, alice: User) -> None:
    second = page_of(client, link(page_of(client, ""), "next"))
    stored_result(alice, file_name="newer", created=datetime(2026, 4, 1, tzinfo=UTC))
    previous = page_of(client, link(second, "prev"))
    assert shown(previous) == ["6", "5", "4"]
    assert shown(page_of(client, link(previous, "prev"))) == ["newer", "6", "5"]


@pytest.mark.usefixtures("seven")
def test_the_last_full_page_offers_no_next_one(client: Client) -> None:
    assert 'rel="next"' not in page_of(client, "?low=10&high=30&sort=oldest&prediction=Positive&until=2026-03-15&q=4")
    text = page_of(client, "?low=20")  # 4, 5 and 6
    assert len(shown(text)) == 3
    assert 'rel="next"' not in text


@pytest.mark.parametrize("place", ["after", "before"])
@pytest.mark.parametrize("value", ["1", "x" * 5000, "' OR 1=1", NOWHERE, "\0"])
def test_a_page_that_is_not_there_is_404(client: Client, place: str, value: str) -> None:
    assert client.get("/results/", {place: value}).status_code == 404


@pytest.mark.parametrize("place", ["after", "before"])
def test_a_page_next_to_a_strangers_is_404(client: Client, charlie: User, place: str) -> None:
    assert client.get("/results/", {place: str(stored_result(charlie).uuid)}).status_code == 404


# Addresses ------------------------------------------------------------------------------------------------------------


def test_an_address_restores_list_and_form(client: Client, alice: User) -> None:
    """An address that is kept brings the same list and the same form back."""
    diagnosis = stored_result(alice, file_name="img.png", probability=0.3)
    stored_result(alice, file_name="img_2.png", probability=0.6)
    query: dict[str, str] = {
        "q": "IMG",
        "prediction": "Positive",
        "since": "2026-03-01",
        "until": "2026-03-31",
        "by": str(alice.uuid),
        "model": str(diagnosis.model_version.uuid),
        "low": "20",
        "high": "40.5",
        "sort": "oldest",
    }
    text = page_of(client, "?" + urlencode(query))
    assert shown(text) == ["img.png"]
    for value in ("IMG", "2026-03-01", "2026-03-31", "20", "40.5"):
        assert f'value="{value}"' in text
    for value in ("Positive", query["by"], query["model"], "oldest"):
        assert f'<option value="{value}" selected>' in text


def test_active_filters_can_be_removed(client: Client, alice: User, bob: User) -> None:
    stored_result(alice, file_name="a.png")
    stored_result(bob, file_name="b.png")
    text = page_of(client, f"?q=b&by={bob.uuid}&low=10")
    chips = {
        unescape(label): unescape(address)
        for address, label in re.findall(
            r'class="filter-chip filter-chip-on" href="([^"]*)">(.*?: <bdi>.*?)</bdi>', text
        )
    }
    assert chips == {
        "Search: <bdi>b": f"?by={bob.uuid}&low=10",
        "Radiographer: <bdi>Bob": "?q=b&low=10",
        "Probability from (%): <bdi>10": f"?q=b&by={bob.uuid}",
    }


# Permissions, empty states, cost --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "?q=c", "?prediction=Positive", "?sort=highest", "?low=0", "?since=2000-01-01", "?q=c&sort=lowest"]
)
def test_another_institutions_results_never_show(client: Client, charlie: User, query: str) -> None:
    stored_result(charlie, file_name="charlies.png")
    assert shown(page_of(client, query)) == []
    assert shown(page_of(client_of(charlie), query)) == ["charlies.png"]


def test_a_search_without_a_result_says_what_to_do(client: Client, alice: User) -> None:
    stored_result(alice)
    text = page_of(client, q="nobody")
    assert "try fewer of them" in text
    assert 'href="/results/"' in text


def test_stored_html_stays_text(client: Client, alice: User) -> None:
    stored_result(alice, patient_name="<script>alert(1)</script>", patient_id='"><img src=x>')
    text = page_of(client, q="<script>")
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("query", "queries"),
    # session, person, institution, radiographers, models, places, rows, reader studies; four for the audit; a search: 3
    [("", 13), ("?sort=highest", 13), ("?prediction=Positive&low=1&since=2020-01-01", 13), ("?q=c", 16)],
)
def test_more_rows_cost_no_more_queries(
    client: Client, alice: User, query: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(2):
        stored_result(alice, file_name=f"c{number}")
        with django_assert_num_queries(queries):
            page_of(client, query)
    for number in range(20):
        stored_result(alice, file_name=f"c{number}", version=f"toy-{number}")
    with django_assert_num_queries(queries):
        assert len(shown(page_of(client, query))) == 22


def test_a_page_further_costs_one_query_more(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    last = [stored_result(alice) for _ in range(5)][-1]
    with django_assert_num_queries(14):
        assert len(shown(page_of(client, f"?after={last.uuid}"))) == 4
