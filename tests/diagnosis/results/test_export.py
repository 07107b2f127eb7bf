"""Results as CSV: what is in it, who gets what, and that opening it in a spreadsheet runs nothing."""

import csv
import io
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.results import search
from diagnosis.results.export import COLUMNS
from diagnosis.reviews.services import review_add
from tests.cast import client_of
from tests.rows import stored_result

ADDRESS = "/results/export.csv"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(ADDRESS + query)
    assert answer.status_code == 200
    assert answer.streaming
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def files(client: Client, query: str = "") -> list[str]:
    return [row["file_name"] for row in exported(client, query)]


def selection(*results: object) -> str:
    return "?" + urlencode({"scope": "selected", "select": [str(result) for result in results]}, doseq=True)


def test_a_line_says_what_the_database_says(client: Client, alice: User) -> None:
    alice.time_zone = "Asia/Kuching"
    alice.save()
    diagnosis = stored_result(
        alice,
        file_name='a "b", c.dcm',
        patient_id="P-1",
        patient_name="Đặng Łukasz",
        probability=0.123456789012345,
        prediction="Negative",
        created=datetime(2026, 3, 15, 20, 30, tzinfo=UTC),
    )
    (row,) = exported(client)
    assert list(row) == list(COLUMNS)
    assert row["result"] == str(diagnosis.uuid)
    assert row["classified"] == "2026-03-16T04:30:00+08:00"
    assert (row["prediction"], row["covid_probability"]) == ("Negative", "0.123456789012345")
    assert (row["patient_id"], row["patient_name"], row["study_date"]) == ("P-1", "Đặng Łukasz", "2026-03-14")
    assert (row["file_name"], row["radiographer"], row["model_version"]) == ('a "b", c.dcm', "Alice", "toy-1")


def test_it_has_the_findings_of_the_review_that_counts(client: Client, alice: User, bob: User) -> None:
    seen, _other = stored_result(alice), stored_result(alice)
    review_add(user=bob, diagnosis=seen, conclusion="unlikely", findings=["nodule"], reason="=first")
    review_add(user=alice, diagnosis=seen, conclusion="likely", findings=["ground-glass", "effusion"], reason="=1+1")
    other, row = exported(client)
    assert (row["conclusion"], row["findings"], row["remarks"]) == ("likely", "ground-glass effusion", "'=1+1")
    assert (other["conclusion"], other["findings"], other["remarks"]) == ("", "", "")


def test_it_keeps_a_blind_reader_blind(client: Client, alice: User, bob: User) -> None:
    review_add(user=bob, diagnosis=stored_result(alice), conclusion="likely", findings=["effusion"], reason="Words")
    alice.reads_blind = True
    alice.save()
    (row,) = exported(client)
    answer = ("prediction", "covid_probability", "conclusion", "findings", "remarks", "rt_pcr", "operating_point_of")
    assert {row[name] for name in answer} == {""}


def test_spreadsheets_read_it_as_utf_8(client: Client, alice: User) -> None:
    stored_result(alice)
    answer = client.get(ADDRESS)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="covidxray-results-')
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.getvalue().startswith(b"\xef\xbb\xbfresult,")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "  =1", "\N{FULLWIDTH EQUALS SIGN}1", "\t=1", "\r=1"],
)
def test_what_a_spreadsheet_would_calculate_is_text(client: Client, alice: User, text: str) -> None:
    alice.first_name = text
    alice.save()
    stored_result(alice, file_name=text, patient_id=text, patient_name=text)
    (row,) = exported(client)
    for column in ("file_name", "patient_id", "patient_name"):
        assert row[column] == "'" + text
    assert row["radiographer"] == "'" + text.strip()


def test_ordinary_text_is_left_as_it_is(client: Client, alice: User) -> None:
    stored_result(alice, file_name="a=b.png", patient_id="P-1", patient_name="O'Brien")
    (row,) = exported(client)
    assert (row["file_name"], row["patient_id"], row["patient_name"]) == ("a=b.png", "P-1", "O'Brien")


@pytest.mark.parametrize("sort", ["newest", "oldest", "highest", "lowest"])
def test_every_filtered_page_is_exported(
    client: Client, alice: User, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that the filter leaves in its order however many pages."""
    monkeypatch.setattr(search, "EXPORT_CHUNK_ROWS", 3)
    for number in range(10):
        stored_result(alice, file_name=f"img {number}", probability=number // 2 / 10)
        stored_result(alice, file_name=f"other {number}")
    expected = [f"img {number}" for number in range(10)]
    assert files(client, f"?q=img&sort={sort}") == (expected[::-1] if sort in ("newest", "highest") else expected)


def test_what_was_ticked_and_nothing_else(client: Client, alice: User) -> None:
    first, _second, third = (stored_result(alice, file_name=name).uuid for name in ("one", "two", "three"))
    assert files(client, selection(first, third)) == ["three", "one"]


def test_nothing_ticked_exports_nothing_and_says_so(client: Client, alice: User) -> None:
    stored_result(alice)
    answer = client.get(ADDRESS + "?scope=selected", follow=True)
    assert answer.redirect_chain == [("/results/", 302)]
    assert "Nothing was selected" in answer.content.decode()


def test_a_selection_that_is_none_is_404(client: Client) -> None:
    assert client.get(ADDRESS + selection("1")).status_code == 404


def test_without_results_it_is_a_heading(client: Client) -> None:
    assert exported(client) == []


def test_foreign_results_are_not_in_it(client: Client, alice: User, charlie: User) -> None:
    mine, theirs = stored_result(alice, file_name="mine.png"), stored_result(charlie, file_name="theirs.png")
    assert files(client) == ["mine.png"]
    assert files(client, "?q=t") == []
    assert files(client, selection(mine.uuid, theirs.uuid)) == ["mine.png"]
    assert files(client_of(charlie)) == ["theirs.png"]


def test_reading_starts_only_when_the_file_is_sent(client: Client, alice: User) -> None:
    stored_result(alice)
    answer = client.head(ADDRESS)
    assert (answer.status_code, answer.getvalue()) == (200, b"")
