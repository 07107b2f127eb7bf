"""The report of a month or a year in words, tables and charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from diagnosis.statistics.charts import Kind, Mark, Words, column_chart, share_chart
from diagnosis.statistics.counts import Activity, Counts
from diagnosis.statistics.panels import ANSWERS, REVIEWS, KeyFigure, Panel, Row, Table, kinds_of, marks_of
from diagnosis.statistics.review_times import LONGEST_MINUTES, ReviewTimes
from diagnosis.wording.appearances import finding_in_words
from diagnosis.wording.numbers import duration, interval_in_percent, number, percent
from diagnosis.wording.refusals import REFUSALS

BAND_NAMES = (
    gettext_lazy("Under 1 hour"),
    gettext_lazy("1 to 4 hours"),
    gettext_lazy("4 to 24 hours"),
    gettext_lazy("1 to 3 days"),
    gettext_lazy("3 days or longer"),
)


def key_figures(user: User, report: Activity) -> list[KeyFigure]:
    """What the period comes to. Numbers lead to the results themselves where the person may see them."""
    total = report.total
    figures = [
        KeyFigure(str(label), number(getattr(total, slug)), address=_results(user, report, prediction=slug.title()))
        for slug, label in ANSWERS.items()
    ]
    positivity = KeyFigure(
        _("Share of Positive answers"), interval_in_percent(total.positivity.estimate), _of(total.answered)
    )
    refused = KeyFigure(_("Could not be assessed"), number(total.refused), _("refused uploads, not among the answers"))
    reviewed = KeyFigure(_("Reviewed"), number(total.reviewed), _of(total.answered))
    disagreed = KeyFigure(
        _("Review disagrees"), interval_in_percent(total.disagreement.estimate), _of_reviewed(total.reviewed)
    )
    return [*figures, positivity, refused, reviewed, disagreed]


def _results(user: User, report: Activity, **filters: str) -> str:
    if not user.is_radiographer:
        return ""
    days = {"since": report.period.first_day.isoformat(), "until": report.period.last_day.isoformat()}
    return f"{reverse('diagnosis:results')}?{urlencode(filters | days)}"


def _of(answers: int) -> str:
    return ngettext("of %(number)s answer", "of %(number)s answers", answers) % {"number": number(answers)}


def _of_reviewed(reviewed: int) -> str:
    return _("of %(number)s reviewed") % {"number": number(reviewed)}


def panels(report: Activity) -> list[Panel]:
    """The page in its order. Empty parts are left out."""
    optional = [
        (report.total.reviewed, _waiting),
        (len(report.versions), _versions),
        (len(report.people), _people),
        (len(report.appearances), _appearances),
        (len(report.classes), _classes),
        (len(report.refusals), _refusals),
    ]
    return [_answers(report), _reviews(report), *(panel(report) for there, panel in optional if there)]


def _answers(report: Activity) -> Panel:
    marks, kinds = marks_of(report.period), kinds_of(ANSWERS)
    counts = [[getattr(part, kind.slug) for kind in kinds] for part in report.parts]
    total = report.total
    summary = _("%(positive)s Positive, %(indeterminate)s Indeterminate, %(negative)s Negative.") % {
        slug: number(getattr(total, slug)) for slug in ANSWERS
    }
    given = Words("answers", _("Answers"), summary, _("Results"))
    shares = Words(
        "positivity",
        _("Share of Positive answers, with 95 % intervals"),
        interval_in_percent(total.positivity.estimate),
        "",
    )
    charts = [
        column_chart(given, kinds, marks, counts),
        share_chart(shares, [Kind("positive", _("Share of Positive answers"))], marks, _positivity(report)),
    ]
    text = _(
        "An answer is Positive, Indeterminate or Negative, and the share of Positive is out of all three. "
        "Intervals are Wilson's: with few answers they are wide, and a change within them means nothing."
    )
    caption = _("Answers by day") if report.period.has_days else _("Answers by month")
    table = _table_of_parts(report, caption, _answer_header(), _answer_cells)
    if report.hides_days:
        return Panel("answers", _("Answers"), [text, _no_days()], [], [table])
    return Panel("answers", _("Answers"), [text], charts, [table])


def _no_days() -> str:
    return _("You read blind, so the days are not shown: a day with a single result would give its answer away.")


def _positivity(report: Activity) -> list[list]:
    return [[part.positivity.estimate] for part in report.parts]


def _answer_header() -> list[str]:
    return [*map(str, ANSWERS.values()), _("All answers"), _("Share of Positive answers (95 %)"), _("Not assessed")]


def _answer_cells(counts: Counts) -> list[str]:
    numbers = [number(getattr(counts, slug)) for slug in ANSWERS]
    return [*numbers, number(counts.answered), interval_in_percent(counts.positivity.estimate), number(counts.refused)]


def _reviews(report: Activity) -> Panel:
    kinds = kinds_of(REVIEWS)
    counts = [[getattr(part, kind.slug) for kind in kinds] for part in report.parts]
    summary = _("%(reviewed)s of %(answered)s reviewed, %(disagrees)s of them with a review that disagrees.") % {
        "reviewed": number(report.total.reviewed),
        "answered": number(report.total.answered),
        "disagrees": number(report.total.disagrees),
    }
    chart = column_chart(Words("reviews", _("Reviews"), summary, _("Results")), kinds, marks_of(report.period), counts)
    text = _("Each result counts with its newest review, on the day or month in which the model answered.")
    caption = _("Reviews by day") if report.period.has_days else _("Reviews by month")
    table = _table_of_parts(report, caption, _review_header(), _review_cells)
    return Panel("reviews", _("Reviews"), [text], [] if report.hides_days else [chart], [table])


def _review_header() -> list[str]:
    return [*map(str, REVIEWS.values()), _("Share of reviews that disagree (95 %)")]


def _review_cells(counts: Counts) -> list[str]:
    return [*(number(getattr(counts, slug)) for slug in REVIEWS), interval_in_percent(counts.disagreement.estimate)]


def _table_of_parts(report: Activity, caption: str, header: list[str], cells: Callable[[Counts], list[str]]) -> Table:
    """One row for each part that has begun, and one for all of them."""
    period = report.period
    rows = [
        Row(bucket.label, cells(part), "" if period.has_days else _address_of_month(bucket.slug))
        for bucket, part in report.shown_parts
    ]
    first = _("Day") if period.has_days else _("Month")
    return Table(caption, [first, *header], [*rows, Row(_("Together"), cells(report.total), is_total=True)])


def _address_of_month(slug: str) -> str:
    year, month = slug.split("-")
    return reverse("diagnosis:statistics-month", args=[int(year), int(month)])


def _waiting(report: Activity) -> Panel:
    times = report.review_times
    names = [str(name) for name in BAND_NAMES]
    counts = [[band.reviews] for band in times.bands]
    words = Words("waiting", _("Time to the first review"), _time_text(times), _("Results"))
    chart = column_chart(
        words, [Kind("reviewed", _("Reviewed results"), "light")], [Mark(name) for name in names], counts
    )
    header = [_("Time to the first review"), _("Results"), _("Share"), _("Share so far")]
    table = Table(_("Time to the first review"), header, _band_rows(times, names))
    notes = [_time_text(times)]
    if report.total.unreviewed:
        notes.append(
            _("Unreviewed results (%(number)s) are not included, so the true times are longer.")
            % {"number": number(report.total.unreviewed)}
        )
    return Panel("waiting", _("Time to review"), notes, [chart], [table])


def _time_text(times: ReviewTimes) -> str:
    if times.median is None or times.ninth_decile is None:
        return ""
    return _("Median time to the first review: %(median)s; 90th percentile: %(most)s.") % {
        "median": _wait(times.median),
        "most": _wait(times.ninth_decile),
    }


def _wait(minutes: int) -> str:
    """Reviewed in whole minutes n means within n + 1 minutes."""
    if minutes >= LONGEST_MINUTES:
        return _("more than %(time)s") % {"time": duration(LONGEST_MINUTES)}
    return duration(minutes + 1)


def _band_rows(times: ReviewTimes, names: list[str]) -> list[Row]:
    rows, so_far = [], 0
    for name, band in zip(names, times.bands, strict=True):
        so_far += band.reviews
        shares = [percent(part / times.reviewed) if times.reviewed else "" for part in (band.reviews, so_far)]
        rows.append(Row(name, [number(band.reviews), *shares]))
    return rows


def _versions(report: Activity) -> Panel:
    header = [_("Model version"), *_answer_header()[:-1], _("Reviewed"), _("Share of reviews that disagree (95 %)")]
    rows = [
        Row(version.version, _version_cells(counts), reverse("models:version", args=[version.version]))
        for version, counts in report.versions
    ]
    text = _("Versions classified different radiographs: their shares alone do not say which one is better.")
    table = Table(_("Answers and reviews by model version"), header, rows)
    return Panel("versions", _("Model versions"), [text], tables=[table])


def _version_cells(counts: Counts) -> list[str]:
    return [*_answer_cells(counts)[:-1], number(counts.reviewed), interval_in_percent(counts.disagreement.estimate)]


def _people(report: Activity) -> Panel:
    rows = [Row(person.display_name, [number(results)]) for person, results in report.people]
    header = [_("Radiographer"), _("Results")]
    text = _("How many results each person requested. It is not a measure of anyone's work.")
    return Panel("people", _("Radiographers"), [text], tables=[Table(_("Results by radiographer"), header, rows)])


def _shares(named: Sequence[tuple[str, int]]) -> list[Row]:
    found = sum(results for _name, results in named)
    return [Row(finding_in_words(name), [number(results), percent(results / found)]) for name, results in named]


def _classes(report: Activity) -> Panel:
    text = _(
        "Results of model versions with classes of their own, by the most probable class. It is not the answer, which "
        "goes by the operating point of COVID-19 alone."
    )
    header = [_("Most probable class"), _("Results"), _("Share")]
    tables = [Table(_("Results by class"), header, _shares(report.classes))]
    return Panel("classes", _("Classes of this site’s own versions"), [text], tables=tables)


def _appearances(report: Activity) -> Panel:
    text = _(
        "Results of model versions that look for it, by the most probable of the four appearances. It is not the "
        "answer: indeterminate and atypical ones are seldom recognised."
    )
    header = [_("Most probable appearance"), _("Results"), _("Share")]
    return Panel(
        "appearances",
        _("What radiologists may call it"),
        [text],
        tables=[Table(_("Results by appearance"), header, _shares(report.appearances))],
    )


def _refusals(report: Activity) -> Panel:
    rows = [Row(str(REFUSALS.get(code, code)), [number(uploads)]) for code, uploads in report.refusals]
    header = [_("Reason"), _("Uploads")]
    text = _("Files that were refused before classification, and why. A file counts each time it is tried.")
    stored = _("Stored without an answer: %s") % number(report.stored_unanswered)
    table = Table(_("Refused uploads by reason"), header, rows)
    return Panel("refusals", _("Could not be assessed"), [text, stored], tables=[table])
