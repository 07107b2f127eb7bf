"""Periods, intervals and charts: what pages of figures are made of."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from scipy.stats import binomtest

from diagnosis.estimates import Estimate
from diagnosis.statistics.charts import HEIGHT, Kind, Mark, Words, calibration_chart, column_chart, share_chart
from diagnosis.statistics.periods import Month, last_twelve_months, month_period, year_period
from diagnosis.statistics.shares import Share, mean_of, wilson
from diagnosis.wording.numbers import duration

WORDS = Words("slug", "Title", "Description", "Results")
TWO = [Kind("positive", "Positive", "dark"), Kind("negative", "Negative", "light")]


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (3, 10), (10, 10), (0, 40), (499, 1000), (1, 365_000)])
def test_wilsons_interval_is_that_of_scipy(part: int, whole: int) -> None:
    expected = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    ours = wilson(part, whole)
    assert (ours.value, ours.low, ours.high) == pytest.approx((part / whole, expected.low, expected.high), abs=1e-12)


def test_a_share_of_nothing_has_no_figure() -> None:
    assert Share(0, 0).estimate is None
    for part, whole in ((1, 0), (2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="no share"):
            wilson(part, whole)


def test_the_mean_and_its_interval_by_hand() -> None:
    # 0, 0, 1, 1: mean 0.5, variance 1/3, standard error sqrt(1/12) = 0.2887, times 1.96 = 0.5658: cut at 0 and 1.
    assert mean_of(number=4, total=2, total_of_squares=2) == Estimate(0.5, 0.0, 1.0)
    # 100 values, half of them 0.2 and half 0.4: mean 0.3, standard error 0.01005.
    found = mean_of(number=100, total=30, total_of_squares=10)
    assert (found.low, found.high) == pytest.approx((0.3 - 1.96 * 0.01005, 0.3 + 1.96 * 0.01005), abs=1e-4)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kuching", "America/Sao_Paulo", "Europe/Berlin", "Asia/Beirut"])
@pytest.mark.parametrize("month", [Month(2024, 2), Month(2026, 3), Month(2026, 12), Month(2018, 11)], ids=str)
def test_a_clock_change_leaves_no_gap(zone: str, month: Month) -> None:
    """The days of a month leave no gap where clocks change too."""
    with timezone.override(zone):
        period = month_period(month)
    buckets = period.buckets
    assert [bucket.first_day.day for bucket in buckets] == list(range(1, len(buckets) + 1))
    assert all(one.end == two.start for one, two in pairwise(buckets))
    assert all(bucket.start < bucket.end for bucket in buckets)
    assert buckets[0].start.astimezone(ZoneInfo(zone)).date() == month.first_day
    assert period.last_day == month.plus(1).first_day - timedelta(days=1)


def test_a_month_begins_at_local_midnight() -> None:
    with timezone.override("Asia/Kuching"):  # eight hours ahead
        period = month_period(Month(2026, 3))
    assert period.start == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert period.end == datetime(2026, 3, 31, 16, tzinfo=UTC)


def test_months_are_counted_over_the_turn_of_a_year() -> None:
    assert Month(2026, 1).plus(-1) == Month(2025, 12)
    assert Month(2025, 12).plus(1) == Month(2026, 1)
    assert Month(2026, 3).plus(-15) == Month(2024, 12)
    assert [bucket.slug for bucket in year_period(2026).buckets][::11] == ["2026-01", "2026-12"]


def test_the_last_twelve_months_end_with_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 3, 20, 12, tzinfo=UTC))
    period = last_twelve_months()
    assert [bucket.slug for bucket in period.buckets] == [
        *(f"2025-{month:02}" for month in range(4, 13)),
        "2026-01",
        "2026-02",
        "2026-03",
    ]
    assert period.is_running
    assert not period.buckets[-1].is_future


def number_of(place: str) -> float:
    return float(place.removesuffix("%"))


def test_columns_are_stacked_from_the_foot() -> None:
    chart = column_chart(WORDS, TWO, [Mark("1"), Mark("2", is_minor=True)], [[10, 30], [0, 0]])
    dark, light = chart.columns[0].bars
    assert (dark.fill, light.fill) == ("dark", "light")
    assert number_of(dark.y) + number_of(dark.height) == HEIGHT
    assert number_of(light.y) + number_of(light.height) == pytest.approx(number_of(dark.y))
    assert number_of(light.height) == pytest.approx(3 * number_of(dark.height))
    assert chart.columns[1].bars == ()
    assert [tick.label for tick in chart.ticks] == ["0", "10", "20", "30", "40"]
    assert number_of(chart.ticks[-1].place) == 0


@pytest.mark.parametrize(
    ("largest", "top"),
    [(0, "4"), (1, "4"), (4, "4"), (5, "8"), (41, "80"), (99, "100"), (101, "200"), (30_100, "40000")],
)
def test_the_axis_holds_the_largest_column(largest: int, top: str) -> None:
    chart = column_chart(WORDS, TWO[:1], [Mark("1")], [[largest]])
    assert chart.ticks[-1].label == top
    assert all(number_of(bar.y) >= 0 for column in chart.columns for bar in column.bars)


def test_points_are_within_their_interval() -> None:
    estimates: list[list[Estimate | None]] = [[Estimate(0.05, 0.01, 0.2), Estimate(0.0, 0.0, 0.1)], [None, None]]
    chart = share_chart(WORDS, TWO, [Mark("1"), Mark("2")], estimates)
    assert [tick.label for tick in chart.ticks][-1] == "20\N{NO-BREAK SPACE}%"
    first, second = chart.points
    assert number_of(first.y) == pytest.approx(HEIGHT * 0.75)
    assert number_of(first.top) == 0
    assert number_of(first.foot) == pytest.approx(HEIGHT * 0.95)
    assert number_of(first.place) < number_of(second.place) < 50


def test_a_chart_of_no_figure_is_still_a_chart() -> None:
    assert share_chart(WORDS, TWO, [Mark("1")], [[None, None]]).points == ()


def test_calibration_over_expected_share() -> None:
    (point,) = calibration_chart(WORDS, TWO[0], [(0.3, Estimate(0.5, 0.2, 0.8))]).points
    assert (point.place, number_of(point.y)) == ("30.000%", HEIGHT / 2)


@pytest.mark.parametrize("language", ["en", "de"])
def test_places_use_a_decimal_point(language: str) -> None:
    with translation.override(language):
        (point,) = calibration_chart(WORDS, TWO[0], [(1 / 3, Estimate(1 / 3, 0.2, 0.8))]).points
    assert "," not in point.place + point.y + point.top


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 minutes"), (1, "1 minute"), (59, "59 minutes"), (60, "1 h 0 min"), (1500, "1 d 1 h")]
)
def test_times_are_worded_in_their_two_largest_units(minutes: int, text: str) -> None:
    assert duration(minutes) == text
