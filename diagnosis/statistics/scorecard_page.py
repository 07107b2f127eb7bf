"""The live scorecard in words, tables and charts."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnosis.estimates import ECE_BINS
from diagnosis.models import ModelVersion, OperatingPoint
from diagnosis.statistics.charts import Kind, Words, calibration_chart, share_chart
from diagnosis.statistics.panels import ANSWERS, FIGURES, KeyFigure, Panel, Row, Table, kinds_of, marks_of
from diagnosis.statistics.scorecard import FEWEST_CASES, WINDOW_DAYS, Answers, CalibrationCheck, Called, Scorecard
from diagnosis.statistics.shares import Share
from diagnosis.wording.numbers import (
    UNDEFINED,
    day_in_words,
    decimal,
    interval,
    interval_in_percent,
    number,
    percent,
)


def key_figures(card: Scorecard) -> list[KeyFigure]:
    answers = card.total.answers
    known = sum(share.part for share in card.known.values())
    given = sum(share.whole for share in card.known.values())
    return [
        KeyFigure(_("Sensitivity"), _sensitivity(answers), _with_positive(answers.covid.radiographs)),
        KeyFigure(_("Specificity"), _specificity(answers), _with_negative(answers.non_covid.radiographs)),
        KeyFigure(
            _("RT-PCR known"),
            interval_in_percent(Share(known, given).estimate),
            _("%(number)s answers") % {"number": number(given)},
        ),
        KeyFigure(_("Patients"), number(card.patients), _("with a radiograph that counts")),
    ]


def _with_positive(radiographs: int) -> str:
    text = ngettext("%(number)s with a positive RT-PCR", "%(number)s with a positive RT-PCR", radiographs)
    return text % {"number": number(radiographs)}


def _with_negative(radiographs: int) -> str:
    text = ngettext("%(number)s with a negative RT-PCR", "%(number)s with a negative RT-PCR", radiographs)
    return text % {"number": number(radiographs)}


def panels(card: Scorecard) -> list[Panel]:
    """The page in its order."""
    found = [_known(card), _accuracy(card), _calibration(card)]
    if card.comparison.readings.radiographs:
        found.append(_comparison(card))
    return [*found, _rules(card)]


def _known(card: Scorecard) -> Panel:
    rows = [
        Row(str(ANSWERS[label.lower()]), [number(share.whole), number(share.part), interval_in_percent(share.estimate)])
        for label, share in card.known.items()
    ]
    header = [_("Answer"), _("Answers"), _("RT-PCR known"), _("Share (95 %)")]
    text = _(
        "People are chosen for a test, often because of the model's answer. Where these shares differ, "
        "sensitivity and specificity below are not those of all radiographs (verification bias)."
    )
    table = Table(_("Answers with a known RT-PCR result"), header, rows)
    return Panel("known", _("Which answers were followed up"), [text], tables=[table])


def _accuracy(card: Scorecard) -> Panel:
    kinds = kinds_of(FIGURES)
    estimates = [[part.answers.sensitivity, part.answers.specificity] for part in card.parts]
    summary = _("Total: sensitivity %(sensitivity)s, specificity %(specificity)s.") % {
        "sensitivity": _sensitivity(card.total.answers),
        "specificity": _specificity(card.total.answers),
    }
    words = Words("accuracy", _("Sensitivity and specificity by month, with 95 % intervals"), summary, "")
    texts = [_("An indeterminate answer counts as wrong, for sensitivity and for specificity."), *_mixed_points(card)]
    charts = [share_chart(words, kinds, marks_of(card.period), estimates)] if any(map(any, estimates)) else []
    tables = [_answer_table(card), _version_table(card)]
    return Panel("accuracy", _("Sensitivity and specificity"), texts, charts, tables)


def _mixed_points(card: Scorecard) -> list[str]:
    """Where answers by several operating points are counted together: of several versions, or of one that changed."""
    several = _(
        "The total and the months count answers of several model versions, each with its own operating point; "
        "“By model version” tells them apart."
    )
    changed = _(
        "On %(day)s the operating point of %(version)s became %(point)s: its figures count answers before and after it."
    )
    changes = [
        changed % {"day": day_in_words(point.created), "version": point.model_version.version, "point": _point(point)}
        for point in card.points
        if point.created >= card.period.start
    ]
    return [*([several] if len(card.versions) > 1 else []), *changes]


def _point(chosen: OperatingPoint | None) -> str:
    if chosen is None or chosen.point is None:
        return _("the model card’s")
    return _("%s, this site’s own") % decimal(chosen.point)


def _points_of(card: Scorecard, version: ModelVersion) -> str:
    """By which operating points the version answered in the period, in their order."""
    chosen = [point for point in card.points if point.model_version_id == version.pk]
    before = [point for point in chosen if point.created < card.period.start]
    within = chosen[len(before) :]
    return _(" → ").join([_point(before[-1] if before else None), *map(_point, within)])


def _answer_table(card: Scorecard) -> Table:
    rows = [
        Row(bucket.label, _answer_cells(part.answers))
        for bucket, part in zip(card.period.buckets, card.parts, strict=True)
        if not bucket.is_future
    ]
    total = Row(_("Together"), _answer_cells(card.total.answers), is_total=True)
    return Table(_("By month of the answer"), _answer_header(_("Month")), [*rows, total])


def _answer_header(first: str) -> list[str]:
    return [
        first,
        _("RT-PCR positive: called Positive / Indeterminate / Negative"),
        _("Sensitivity (95 %)"),
        _("RT-PCR negative: called Positive / Indeterminate / Negative"),
        _("Specificity (95 %)"),
    ]


def _answer_cells(answers: Answers) -> list[str]:
    return [_called(answers.covid), _sensitivity(answers), _called(answers.non_covid), _specificity(answers)]


def _called(called: Called) -> str:
    return " / ".join(number(part) for part in (called.positive, called.indeterminate, called.negative))


def _sensitivity(answers: Answers) -> str:
    return _or_too_few(interval_in_percent(answers.sensitivity), answers.covid.radiographs)


def _specificity(answers: Answers) -> str:
    return _or_too_few(interval_in_percent(answers.specificity), answers.non_covid.radiographs)


def _or_too_few(text: str, cases: int) -> str:
    """Nothing to say of no case, and no figure of a few."""
    if cases >= FEWEST_CASES:
        return text
    return _("too few cases") if cases else UNDEFINED


def _version_table(card: Scorecard) -> Table:
    rows = [
        Row(
            version.version,
            [_points_of(card, version), *_answer_cells(score.answers)],
            reverse("models:version", args=[version.version]),
        )
        for version, score in card.versions
    ]
    first, *others = _answer_header(_("Model version"))
    return Table(_("By model version"), [first, _("Operating point"), *others], rows)


def _calibration(card: Scorecard) -> Panel:
    points = [(part.expected, part.observed) for part in card.bins]
    drawn = [(expected, observed) for expected, observed in points if expected is not None and observed]
    words = Words(
        "calibration", _("Share with COVID as observed (upwards) and as expected"), _calibration_summary(card), ""
    )
    kind = Kind("positive", _("Observed share, with 95 % interval"))
    texts = [
        _("A probability is well calibrated where, of the radiographs with about 30 %, about 30 % have COVID."),
        _(
            "The Brier score is the mean squared difference between probability and truth: 0 is best, "
            "and 0.25 is no better than tossing a coin."
        ),
    ]
    charts = [calibration_chart(words, kind, drawn)] if drawn else []
    return Panel("calibration", _("Calibration"), texts, charts, [_bin_table(card), *_brier_tables(card)])


def _calibration_summary(card: Scorecard) -> str:
    total = card.total.calibration
    return _("Total: %(expected)s expected, %(observed)s observed.") % {
        "expected": percent(total.expected),
        "observed": interval_in_percent(total.observed),
    }


def _bin_table(card: Scorecard) -> Table:
    step = 100 // ECE_BINS
    rows = [
        Row(
            _("%(low)d to %(high)d %%") % {"low": place * step, "high": (place + 1) * step},
            _calibration_cells(part)[:3],
        )
        for place, part in enumerate(card.bins)
        if part.radiographs
    ]
    header = [_("Probability of COVID"), _("Radiographs"), _("Expected"), _("Observed (95 %)")]
    return Table(_("Calibration by probability"), header, rows)


def _brier_tables(card: Scorecard) -> list[Table]:
    header = [_("Radiographs"), _("Expected"), _("Observed (95 %)"), _("Brier score (95 %)")]
    months = [
        Row(bucket.label, _calibration_cells(part.calibration))
        for bucket, part in zip(card.period.buckets, card.parts, strict=True)
        if not bucket.is_future
    ]
    total = Row(_("Together"), _calibration_cells(card.total.calibration), is_total=True)
    versions = [Row(version.version, _calibration_cells(score.calibration)) for version, score in card.versions]
    return [
        Table(_("Calibration by month of the answer"), [_("Month"), *header], [*months, total]),
        Table(_("Calibration by model version"), [_("Model version"), *header], versions),
    ]


def _calibration_cells(calibration: CalibrationCheck) -> list[str]:
    radiographs, brier = calibration.radiographs, calibration.brier
    brier_text = interval(brier)
    figures = [percent(calibration.expected), interval_in_percent(calibration.observed), brier_text]
    return [number(radiographs), *(_or_too_few(text, radiographs) for text in figures)]


def _comparison(card: Scorecard) -> Panel:
    pair = card.comparison
    rows = [
        Row(_("Radiographers, read blind"), _answer_cells(pair.readings)),
        Row(_("The model"), _answer_cells(pair.answers)),
    ]
    texts = [
        _(
            "The first own reading of each radiograph that was read before the model's answer was shown, and the first "
            "answer about the same radiographs. “Cannot tell” counts as Indeterminate."
        ),
    ]
    table = Table(_("The same radiographs, read by people and by the model"), _answer_header(_("Read by")), rows)
    return Panel("comparison", _("People and model"), texts, tables=[table])


def _rules(card: Scorecard) -> Panel:
    texts = [
        _("COVID means a positive RT-PCR result entered on a result's page; the newest entry counts."),
        _(
            "Each radiograph counts once, with the first answer about it, in the month of that answer. Under a model "
            "version it counts with that version's answer. Voided studies do not count."
        ),
        _(
            "A sample taken more than %(days)d days before or after the study does not count; where one of the two "
            "days is not known, the result counts."
        )
        % {"days": WINDOW_DAYS},
        ngettext(
            "%(number)s radiograph was left out for that reason.",
            "%(number)s radiographs were left out for that reason.",
            card.out_of_window,
        )
        % {"number": number(card.out_of_window)},
        _("No figure is given for fewer than %(cases)d radiographs.") % {"cases": FEWEST_CASES},
        _(
            "Intervals are Wilson's (for the Brier score: normal). They assume that radiographs are independent; with "
            "several of one patient the true intervals are wider."
        ),
    ]
    return Panel("rules", _("How it is counted"), texts)
