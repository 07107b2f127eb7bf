"""The pages of figures, and the same figures as files. They show no patient and no single answer."""

from collections.abc import Iterator

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import SignedInRequest
from diagnosis.statistics import activity_page as report_page
from diagnosis.statistics import drift_page, scorecard_page
from diagnosis.statistics.counts import activity_of
from diagnosis.statistics.drift import drift_of
from diagnosis.statistics.export import report_lines, scorecard_lines
from diagnosis.statistics.navigation import month_links, scorecard_links, year_links
from diagnosis.statistics.periods import (
    FIRST_YEAR,
    MONTHS_IN_YEAR,
    Month,
    Period,
    last_twelve_months,
    month_period,
    this_month,
    year_period,
)
from diagnosis.statistics.scope import counts_own_only, counts_read_only, counts_visible
from diagnosis.statistics.scorecard import scorecard


@counts_visible
@require_safe
def now(request: SignedInRequest) -> HttpResponse:
    """The current month."""
    return _month_page(request, this_month())


@counts_visible
@require_safe
def month(request: SignedInRequest, year: int, month: int) -> HttpResponse:
    return _month_page(request, _month_or_404(year, month))


@counts_visible
@require_safe
def month_file(request: SignedInRequest, year: int, month: int) -> HttpResponseBase:
    return _report_file(request, month_period(_month_or_404(year, month)))


@counts_visible
@require_safe
def year(request: SignedInRequest, year: int) -> HttpResponse:
    return _report_page(request, year_period(_year_or_404(year)), year_links(year))


@counts_visible
@require_safe
def year_file(request: SignedInRequest, year: int) -> HttpResponseBase:
    return _report_file(request, year_period(_year_or_404(year)))


@counts_visible
@require_safe
def scorecard_now(request: SignedInRequest) -> HttpResponse:
    """The current month and the eleven before it."""
    return _scorecard_page(request, last_twelve_months(), None)


@counts_visible
@require_safe
def scorecard_now_file(request: SignedInRequest) -> HttpResponseBase:
    return _scorecard_file(request, last_twelve_months())


@counts_visible
@require_safe
def scorecard_year(request: SignedInRequest, year: int) -> HttpResponse:
    return _scorecard_page(request, year_period(_year_or_404(year)), year)


@counts_visible
@require_safe
def scorecard_year_file(request: SignedInRequest, year: int) -> HttpResponseBase:
    return _scorecard_file(request, year_period(_year_or_404(year)))


@counts_visible
@require_safe
def drift(request: SignedInRequest) -> HttpResponse:
    """The last weeks against the first ones, and against the validation."""
    found = drift_of(request.user)
    context = {
        "drift": found,
        "own_only": counts_own_only(request.user),
        "read_only": counts_read_only(request.user),
        "first": drift_page.days(found.first) if found else "",
        "last": drift_page.days(found.last) if found and found.last else "",
        "figures": drift_page.key_figures(found) if found else [],
        "panels": drift_page.panels(found) if found else [],
    }
    return render(request, "diagnosis/statistics/drift.html", context)


def _month_page(request: SignedInRequest, month: Month) -> HttpResponse:
    return _report_page(request, month_period(month), month_links(month))


def _report_page(request: SignedInRequest, period: Period, links: object) -> HttpResponse:
    found = activity_of(request.user, period)
    context = {
        "period": period,
        "links": links,
        "own_only": counts_own_only(request.user),
        "read_only": counts_read_only(request.user),
        "figures": report_page.key_figures(request.user, found),
        "panels": [] if found.is_empty else report_page.panels(found),
    }
    return render(request, "diagnosis/statistics/activity.html", context)


def _scorecard_page(request: SignedInRequest, period: Period, year: int | None) -> HttpResponse:
    card = scorecard(request.user, period)
    context = {
        "period": period,
        "links": scorecard_links(year),
        "own_only": counts_own_only(request.user),
        "read_only": counts_read_only(request.user),
        "figures": scorecard_page.key_figures(card),
        "panels": [] if card.is_empty else scorecard_page.panels(card),
    }
    return render(request, "diagnosis/statistics/scorecard.html", context)


def _report_file(request: SignedInRequest, period: Period) -> HttpResponseBase:
    return _file(report_lines(activity_of(request.user, period)), f"covidxray-report-{period.slug}.csv")


def _scorecard_file(request: SignedInRequest, period: Period) -> HttpResponseBase:
    return _file(scorecard_lines(scorecard(request.user, period)), f"covidxray-scorecard-{period.slug}.csv")


def _file(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _month_or_404(year: int, month: int) -> Month:
    """A month that has begun."""
    if not (year >= FIRST_YEAR and 1 <= month <= MONTHS_IN_YEAR) or Month(year, month) > this_month():
        raise Http404
    return Month(year, month)


def _year_or_404(year: int) -> int:
    """A year that has begun."""
    if not FIRST_YEAR <= year <= this_month().year:
        raise Http404
    return year
