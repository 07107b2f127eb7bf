"""The report of a month and of a year: every figure counted by hand, for whom, and in which time zone."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from diagnosis.models import Diagnosis, OwnReading, Refusal
from diagnosis.statistics.counts import Counts, activity_of
from diagnosis.statistics.periods import Month, month_period, number_of_span, year_period
from diagnosis.statistics.review_times import DAY, LONGEST_MINUTES, ReviewTimes
from tests.cast import client_of
from tests.outcomes import NOW, reviewed, voided
from tests.rows import stored_result

MARCH = "/statistics/2026/3/"
YEAR = "/statistics/2026/"


@pytest.fixture
def client(alice: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Alice's browser, on the 20th of March 2026 at noon."""
    client = client_of(alice)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return client


@pytest.fixture
def month(alice: User, bob: User) -> list[Diagnosis]:
    """Six results of March, on three days; one of February and one of April, which are not in it."""
    days = {"Positive": [1, 15, 15], "Indeterminate": [15], "Negative": [15, 20]}
    results = [
        stored_result(alice if day == 15 else bob, prediction=prediction, created=datetime(2026, 3, day, 9, tzinfo=UTC))
        for prediction, found in days.items()
        for day in found
    ]
    stored_result(alice, created=datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC))
    stored_result(alice, created=datetime(2026, 4, 1, tzinfo=UTC))
    return results


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def table(text: str, caption: str) -> dict[str, list[str]]:
    """The rows of the table with that caption: heading to cells."""
    body = re.search(rf"<caption[^>]*>{re.escape(caption)}</caption>(.*?)</table>", text, re.S)
    assert body, caption
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', body[1], re.S)
    plain = {re.sub(r"<.*?>", "", head).strip(): re.findall(r"<td>(.*?)</td>", cells) for head, cells in rows}
    return {
        unescape(head): [unescape(cell).replace("\N{NO-BREAK SPACE}", " ") for cell in cells]
        for head, cells in plain.items()
    }


def lines(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def test_a_month_is_counted_by_answer_and_by_day(alice: User, month: list[Diagnosis]) -> None:
    found = activity_of(alice, month_period(Month(2026, 3)))
    assert found.total == Counts(positive=3, indeterminate=1, negative=2)
    assert found.parts[0] == Counts(positive=1)
    assert found.parts[14] == Counts(positive=2, indeterminate=1, negative=1)
    assert found.parts[19] == Counts(negative=1)
    assert sum(part.answered for part in found.parts) == 6
    assert len(found.parts) == 31


def test_the_page_shows_shares_of_all(client: Client, month: list[Diagnosis]) -> None:
    rows = table(text_of(client, MARCH), "Answers by day")
    # Wilson's interval of 2 in 4 is 0.150 to 0.850, of 3 in 6 0.188 to 0.812.
    assert rows["15 Mar"] == ["2", "1", "1", "4", "50.0 % (15.0 to 85.0 %)", "0"]
    assert rows["2 Mar"] == ["0", "0", "0", "0", "–", "0"]
    assert rows["Together"] == ["3", "1", "2", "6", "50.0 % (18.8 to 81.2 %)", "0"]


def test_future_days_are_in_no_table(client: Client, month: list[Diagnosis]) -> None:
    rows = table(text_of(client, MARCH), "Answers by day")
    assert list(rows) == [*(f"{day} Mar" for day in range(1, 21)), "Together"]


def test_a_year_is_counted_by_month(client: Client, month: list[Diagnosis]) -> None:
    text = text_of(client, YEAR)
    rows = table(text, "Answers by month")
    assert [rows[name][3] for name in ("January 2026", "February 2026", "March 2026", "Together")] == [
        "0",
        "1",
        "6",
        "8",
    ]
    assert "April 2026" not in rows
    assert f'<a href="{MARCH}"><bdi>March 2026</bdi></a>' in text


def test_a_day_begins_at_local_midnight(client: Client, alice: User) -> None:
    stored_result(alice, created=datetime(2026, 2, 28, 17, tzinfo=UTC))
    assert "Nothing was classified" in text_of(client, MARCH)
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Kuching")  # where it is one o'clock of the first of March
    text = text_of(client, MARCH)
    assert table(text, "Answers by day")["1 Mar"][3] == "1"
    assert "Days begin at midnight in Asia/Kuching" in text


def test_voided_and_foreign_do_not_count(client: Client, alice: User, charlie: User, month: list[Diagnosis]) -> None:
    """Voided studies and another institutions results do not count."""
    voided(month[0])
    stored_result(charlie, created=month[0].created)
    assert table(text_of(client, MARCH), "Answers by day")["Together"][:4] == ["2", "1", "2", "5"]


def test_reviews_are_counted_by_their_newest_verdict(client: Client, bob: User, month: list[Diagnosis]) -> None:
    reviewed(month[0], bob, "agrees")
    reviewed(month[0], bob, "disagrees", after=timedelta(days=1))
    reviewed(month[1], bob, "agrees")
    reviewed(month[3], bob, "unsure")
    rows = table(text_of(client, MARCH), "Reviews by day")
    # Disagrees 1 of 3 reviewed: 0.0615 to 0.7923.
    assert rows["Together"] == ["1", "1", "1", "0", "3", "33.3 % (6.1 to 79.2 %)"]
    assert rows["1 Mar"] == ["0", "0", "1", "0", "0", "100.0 % (20.7 to 100.0 %)"]


def test_only_the_first_review_is_timed(client: Client, bob: User, month: list[Diagnosis]) -> None:
    waits = [timedelta(hours=1), timedelta(minutes=59, seconds=59), timedelta(days=2), timedelta(days=400)]
    for result, wait in zip(month, waits, strict=False):
        reviewed(result, bob, "agrees", after=wait)
        reviewed(result, bob, "agrees", after=wait + timedelta(days=1))
    text = text_of(client, MARCH)
    rows = table(text, "Time to the first review")
    assert [rows[name][0] for name in rows] == ["1", "1", "0", "1", "1"]
    assert rows["1 to 4 hours"] == ["1", "25.0 %", "50.0 %"]
    assert "1 h 1 min; 90th percentile: more than 7 d 0 h" in unescape(text)
    assert "Unreviewed results (2)" in text


def test_quantiles_are_the_shortest_wait() -> None:
    times = ReviewTimes(((0, 5), (10, 4), (20, 1)))
    assert (times.median, times.ninth_decile, times.quantile(1)) == (0, 10, 20)
    assert ReviewTimes(()).median is None
    assert [band.reviews for band in ReviewTimes(((59, 1), (60, 1), (DAY, 1), (LONGEST_MINUTES, 1))).bands] == [
        1,
        1,
        0,
        1,
        1,
    ]


def test_model_versions_and_people_are_counted(client: Client, alice: User, bob: User) -> None:
    for version, prediction, person in (
        ("a-1", "Positive", alice),
        ("a-1", "Negative", alice),
        ("b-2", "Positive", bob),
    ):
        stored_result(person, version=version, prediction=prediction)
    text = text_of(client, MARCH)
    assert table(text, "Answers and reviews by model version")["a-1"][:4] == ["1", "0", "1", "2"]
    assert table(text, "Answers and reviews by model version")["b-2"][:4] == ["1", "0", "0", "1"]
    assert table(text, "Results by radiographer") == {"Alice": ["2"], "Bob": ["1"]}


def test_refusals_are_counted_by_reason(client: Client, alice: User, charlie: User, month: list[Diagnosis]) -> None:
    """Refused uploads are counted by day and reason and are no answers."""
    for user, reason, day in ((alice, "colour", 2), (alice, "colour", 3), (alice, "<b>", 3), (charlie, "noise", 3)):
        moment = datetime(2026, 3, day, 9, tzinfo=UTC)
        Refusal.objects.create(institution=user.institution, user=user, reason=reason, created=moment)
    text = text_of(client, MARCH)
    assert table(text, "Answers by day")["3 Mar"] == ["0", "0", "0", "0", "–", "2"]
    assert table(text, "Answers by day")["Together"][3:] == ["6", "50.0 % (18.8 to 81.2 %)", "3"]
    assert table(text, "Refused uploads by reason") == {"A colour picture, not a radiograph": ["2"], "<b>": ["1"]}
    assert "<b>" not in text


def test_the_file_holds_the_figures_of_the_page(client: Client, bob: User, month: list[Diagnosis]) -> None:
    reviewed(month[0], bob, "disagrees", after=timedelta(minutes=90))
    rows = lines(client, f"{MARCH}report.csv")
    by_name = {(row["part"], row["name"]): row for row in rows}
    day = by_name["day", "2026-03-15"]
    assert [day[name] for name in ("positive", "indeterminate", "negative", "answered")] == ["2", "1", "1", "4"]
    total = by_name["period", "2026-03"]
    assert (total["answered"], total["disagrees"], total["unreviewed"]) == ("6", "1", "5")
    assert float(total["positivity"]) == 0.5
    assert float(total["positivity_low"]) == pytest.approx(0.1876, abs=1e-4)
    assert by_name["time_to_review", "median"]["minutes"] == "90"
    assert by_name["radiographer", "Bob"]["answered"] == "2"
    assert ("day", "2026-03-21") not in by_name
    assert len(lines(client, f"{YEAR}report.csv")) > 3


def test_what_a_spreadsheet_would_calculate_is_text(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(first_name="=1+1")
    stored_result(alice, version="@SUM(A1)")
    names = {row["part"]: row["name"] for row in lines(client, f"{MARCH}report.csv")}
    assert names["radiographer"] == "'=1+1"
    assert names["model_version"] == "'@SUM(A1)"


@pytest.mark.parametrize(
    "address", ["2026/4/", "2026/13/", "2026/0/", "2027/", "1969/", "0/1/", "99999999999999/1/", "x/"]
)
@pytest.mark.parametrize("file", ["", "report.csv"])
def test_an_impossible_period_is_404(client: Client, address: str, file: str) -> None:
    assert client.get(f"/statistics/{address}{file}").status_code == 404


def test_the_current_month_comes_first(client: Client) -> None:
    """The month that it is comes first and leads to the one before only."""
    text = text_of(client, "/statistics/")
    assert "Activity: March 2026" in text
    assert "In progress" in text
    assert 'rel="prev" href="/statistics/2026/2/"' in text
    assert 'rel="next"' not in text
    assert 'rel="next" href="/statistics/2026/3/"' in text_of(client, "/statistics/2026/2/")
    assert "In progress" not in text_of(client, "/statistics/2026/2/")


def test_an_empty_month_says_so_and_what_to_do(client: Client) -> None:
    text = text_of(client, "/statistics/")
    assert "Nothing was classified in this period" in text
    assert 'href="/upload/"' in text
    assert "<table" not in text
    assert "<figure" not in text


def test_a_count_links_to_its_results(client: Client, month: list[Diagnosis]) -> None:
    (address,) = re.findall(
        r'href="(/results/\?prediction=Positive&amp;since=2026-03-01[^"]*)"', text_of(client, MARCH)
    )
    listed = client.get(unescape(address)).content.decode()
    assert address.endswith("until=2026-03-31")
    assert listed.count('class="list-file"') == 3


def test_an_administrator_sees_only_counts(dora: User, charlie: User, month: list[Diagnosis]) -> None:
    """An administrator sees the institutions counts and no way to a result."""
    stored_result(charlie, created=month[0].created)
    Refusal.objects.create(institution=charlie.institution, user=charlie, reason="noise", created=month[0].created)
    text = text_of(client_of(dora), MARCH)
    assert table(text, "Answers by day")["Together"][3:] == ["6", "50.0 % (18.8 to 81.2 %)", "0"]
    assert "/results/" not in text
    for result in month:
        assert str(result.uuid) not in text


def test_somebody_with_neither_role_sees_nothing(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_radiographer=False)
    for address in ("", "2026/", "2026/3/", "2026/report.csv", "scorecard/", "scorecard/scorecard.csv"):
        assert client_of(bob).get(f"/statistics/{address}").status_code == 403


def test_narrowed_scope_counts_the_own(
    client: Client, bob: User, dora: User, month: list[Diagnosis], settings: Settings
) -> None:
    settings.RADIOGRAPHERS_SEE = "own"
    text = text_of(client, MARCH)
    assert table(text, "Answers by day")["Together"][3] == "4"
    assert "Results of your own radiographs." in text
    assert table(text_of(client_of(dora), MARCH), "Answers by day")["Together"][3] == "6"


def test_a_revealing_day_is_hidden(client: Client, alice: User, month: list[Diagnosis]) -> None:
    """Who reads blind is shown no day which could hold one answer."""
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    text = text_of(client, MARCH)
    assert "You read blind" in text
    assert "<table" not in text
    OwnReading.objects.create(study=month[0].study, reader=alice, conclusion="likely")
    text = text_of(client, MARCH)
    assert list(table(text, "Answers by day")) == list(table(text, "Reviews by day")) == ["Together"]
    assert "<figure" not in text
    assert "day" not in {row["part"] for row in lines(client, f"{MARCH}report.csv")}


def test_who_reads_blind_counts_what_they_read(client: Client, alice: User, month: list[Diagnosis]) -> None:
    """The counts before and after an upload would tell its answer; so would a month with one result."""
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    before = client.get(f"{MARCH}report.csv").getvalue()
    stored_result(alice, created=month[0].created)
    assert client.get(f"{MARCH}report.csv").getvalue() == before
    OwnReading.objects.create(study=month[0].study, reader=alice, conclusion="likely")
    period = next(row for row in lines(client, f"{MARCH}report.csv") if row["part"] == "period")
    assert period["answered"] == "1"
    assert "only what you have read is counted" in text_of(client, MARCH)


def test_another_institution_sees_its_own_counts(charlie: User, month: list[Diagnosis]) -> None:
    assert "Nothing was classified" in text_of(client_of(charlie), MARCH)
    assert all(row["answered"] in ("", "0") for row in lines(client_of(charlie), f"{MARCH}report.csv"))


def test_query_count_does_not_grow(
    client: Client, alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for many in (1, 9):
        for number in range(many):
            result = stored_result(alice if number % 2 else bob, version=f"v-{number}")
            reviewed(result, bob, "agrees")
        for address in (MARCH, YEAR):
            client.get(address)
            with django_assert_num_queries(10):  # session, person, institution, reader studies, and six of the report
                client.get(address)


def test_time_zones_need_no_database_tables(alice: User) -> None:
    """Nothing is asked of the database in a zone that it might not know."""
    with timezone.override("Asia/Kuching"):
        span = number_of_span(year_period(2026).buckets, "created")
        sql = str(Diagnosis.objects.annotate(span=span).values("span").query)
    assert "Kuching" not in sql
    assert sql.count("WHEN") == 11
