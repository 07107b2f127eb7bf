"""The results in words and tables. Readers are numbers; the leader sees names, and a reader which one they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from diagnosis.estimates import Estimate
from diagnosis.models import Conclusion, Outcome
from diagnosis.statistics.panels import KeyFigure, Panel, Row, Table
from diagnosis.statistics.scorecard import FEWEST_CASES
from diagnosis.wording.numbers import UNDEFINED, decimal, interval, interval_in_percent, number, percent
from reader_studies.choosing import ENOUGH_OF_EACH
from reader_studies.models import Reader
from reader_studies.reading import PAUSE
from reader_studies.results import Accuracy, Arm, Change, Disagreement, Results, Times
from reader_studies.roc_chart import RocChart, roc_chart


@dataclass(frozen=True)
class ResultsPage:
    figures: Sequence[KeyFigure]
    warnings: Sequence[str]
    charts: Sequence[RocChart]
    panels: Sequence[Panel]


def page_of(user: User, found: Results) -> ResultsPage:
    names = _Names(user, found)
    panels = [_accuracy(found, names), *_changes(found, names), _agreement(found, names), _times(found, names)]
    return ResultsPage(
        figures=_key_figures(found),
        warnings=_warnings(found),
        charts=[roc_chart(names.arm(arm), arm, found.model) for arm in found.arms if _has_curve(arm, found.model)],
        panels=[*panels, _disagreements(found, names, is_led=names.is_led), _rules(found)],
    )


class _Names:
    """What readers and arms are called."""

    def __init__(self, user: User, found: Results) -> None:
        self.user, self.is_led = user, found.study.leader_id == user.pk
        self.is_crossover = found.study.is_crossover

    def reader(self, reader: Reader) -> str:
        text = _("Reader %(number)d") % {"number": reader.number}
        if self.is_led:
            text = f"{text} ({reader.person.display_name})"
        elif reader.person_id == self.user.pk:
            text = _("%(reader)s (you)") % {"reader": text}
        return text

    def arm(self, arm: Arm) -> str:
        return _("With the model's answer") if arm.with_answer else _("Without the model's answer")

    def in_arm(self, reader: Reader, arm: Arm) -> str:
        return f"{self.reader(reader)}, {self.arm(arm).lower()}" if self.is_crossover else self.reader(reader)


def _has_curve(arm: Arm, model: Accuracy) -> bool:
    return bool(model.points) or any(each.accuracy.points for each in arm.readers)


def _key_figures(found: Results) -> list[KeyFigure]:
    positive, negative = (found.with_reference(each) for each in (Outcome.Result.POSITIVE, Outcome.Result.NEGATIVE))
    kinds = _("%(positive)d RT-PCR positive, %(negative)d negative") % {"positive": positive, "negative": negative}
    figures = [
        KeyFigure(_("Cases"), number(len(found.cases)), kinds),
        KeyFigure(_("Readers"), number(len(found.readers))),
    ]
    for arm in found.arms:
        kappa = arm.together.kappa if arm.together else None
        note = _("With the model's answer") if arm.with_answer else _("Without the model's answer")
        figures.append(KeyFigure(_("Fleiss's kappa"), _figure(kappa), note if found.study.is_crossover else ""))
    return figures


def _warnings(found: Results) -> list[str]:
    texts = []
    if found.voided:
        text = ngettext(
            "%(number)d case is left out, because its radiograph was voided since.",
            "%(number)d cases are left out, because their radiographs were voided since.",
            found.voided,
        )
        texts.append(text % {"number": found.voided})
    if found.erased:
        text = ngettext(
            "%(number)d case is gone, because its radiograph was erased.",
            "%(number)d cases are gone, because their radiographs were erased.",
            found.erased,
        )
        texts.append(text % {"number": found.erased})
    fewest = min(found.with_reference(each) for each in (Outcome.Result.POSITIVE, Outcome.Result.NEGATIVE))
    if fewest < ENOUGH_OF_EACH:
        text = _(
            "There are fewer than %(enough)d cases with a positive, or with a negative RT-PCR result: intervals are "
            "wide, and a difference that is there may not show."
        )
        texts.append(text % {"enough": ENOUGH_OF_EACH})
    return texts


def _accuracy(found: Results, names: _Names) -> Panel:
    rows = [
        Row(names.in_arm(each.reader, arm), _accuracy_cells(each.accuracy))
        for arm in found.arms
        for each in arm.readers
    ]
    rows.append(Row(_("The model"), _accuracy_cells(found.model), is_total=True))
    header = [_("Read by"), _("Cases"), _("Sensitivity (95 %)"), _("Specificity (95 %)"), _("ROC AUC (95 %)")]
    texts = [
        _("Against RT-PCR as it was known when the cases were chosen. “Cannot tell” and Indeterminate count as wrong."),
        _("A reader's ROC curve is that of the five steps from “certainly no COVID” to “certainly COVID”."),
    ]
    return Panel("accuracy", _("Accuracy"), texts, tables=[Table(_("Readers and model against RT-PCR"), header, rows)])


def _accuracy_cells(accuracy: Accuracy) -> list[str]:
    answers = accuracy.answers
    shares = [_or_few(interval_in_percent(each)) for each in (answers.sensitivity, answers.specificity)]
    return [number(answers.radiographs), *shares, _or_few(interval(accuracy.area))]


def _changes(found: Results, names: _Names) -> list[Panel]:
    """What the model's answer changed; nothing where it was never shown."""
    if not found.changes:
        return []
    rows = [
        Row(
            names.reader(each.reader) if each.reader else _("All readers"),
            _change_cells(each),
            is_total=not each.reader,
        )
        for each in found.changes
    ]
    header = [_("Read by"), _("Cases"), _("Sensitivity"), _("Specificity"), _("ROC AUC")]
    texts = [
        _("With the model's answer minus without it, of the cases read in both sessions, with 95 % intervals."),
        _("An interval that holds 0 does not show a difference, and does not show that there is none."),
        _("Those of all readers are over cases: they hold for these readers and say nothing of others."),
    ]
    table = Table(_("With the answer minus without it"), header, rows)
    return [Panel("changes", _("What the model's answer changed"), texts, tables=[table])]


def _change_cells(change: Change) -> list[str]:
    points = [_or_few(_points(each)) for each in (change.sensitivity, change.specificity)]
    return [number(change.cases), *points, _or_few(_figure(change.area))]


def _points(estimate: Estimate | None) -> str:
    """A difference of two shares, in percentage points."""
    if estimate is None:
        return UNDEFINED
    return _("%(value)s points (%(low)s to %(high)s)") % _signed(estimate, 100, 1)


def _figure(estimate: Estimate | None) -> str:
    """A figure that can be below 0, with its interval."""
    if estimate is None:
        return UNDEFINED
    return _("%(value)s (%(low)s to %(high)s)") % _signed(estimate, 1, 3)


def _signed(estimate: Estimate, times: int, digits: int) -> dict[str, str]:
    """With a minus sign that stays in front of its number in languages that run from right to left."""
    texts = {name: decimal(times * value, digits) for name, value in vars(estimate).items()}
    isolated = "\N{LEFT-TO-RIGHT ISOLATE}\N{MINUS SIGN}%s\N{POP DIRECTIONAL ISOLATE}"
    return {name: isolated % text[1:] if text.startswith("-") else text for name, text in texts.items()}


def _agreement(found: Results, names: _Names) -> Panel:
    numbered = {reader.number: reader for reader in found.readers}
    tables = []
    for arm in found.arms:
        rows = []
        for pair in arm.pairs:
            label = " – ".join(names.reader(numbered[each]) for each in (pair.first, pair.second))
            share = percent(pair.figures.agreement) if pair.figures else UNDEFINED
            kappa = _figure(pair.figures.kappa) if pair.figures else UNDEFINED
            rows.append(Row(label, [number(pair.cases), _or_few(share), _or_few(kappa)]))
        if arm.together:
            cells = [number(arm.in_common), percent(arm.together.agreement), _or_few(_figure(arm.together.kappa))]
            rows.append(Row(_("All readers (Fleiss)"), cells, is_total=True))
        tables.append(Table(names.arm(arm), [_("Readers"), _("Cases"), _("Agree"), _("Kappa (95 %)")], rows))
    texts = [
        _(
            "Kappa is agreement beyond what chance would give: 0 is chance, 1 is complete agreement. For pairs it is "
            "Cohen's, for all readers Fleiss's, over “likely”, “unlikely” and “cannot tell”."
        ),
        _("It depends on how many of the cases have COVID: compare it between studies with other cases with care."),
    ]
    return Panel("agreement", _("Agreement"), texts, tables=tables)


def _times(found: Results, names: _Names) -> Panel:
    rows = [
        Row(names.in_arm(each.reader, arm), [number(each.readings), _seconds(each.times), number(each.times.flagged)])
        for arm in found.arms
        for each in arm.readers
    ]
    header = [_("Read by"), _("Readings"), _("Seconds for each case"), _("With a pause")]
    text = _(
        "From when the server first showed a case until its answer: the median, and between which values half of them "
        "are. Readings of more than %(minutes)d minutes count as paused and are left out."
    ) % {"minutes": PAUSE.total_seconds() // 60}
    return Panel("times", _("Time"), [text], tables=[Table(_("Time for each case"), header, rows)])


def _seconds(times: Times) -> str:
    if times.median is None:
        return UNDEFINED
    values = {"value": times.median, "low": times.low, "high": times.high}
    return _("%(value)s (%(low)s to %(high)s)") % {name: decimal(value, 0) for name, value in values.items()}


def _disagreements(found: Results, names: _Names, *, is_led: bool) -> Panel:
    """Cases that are worth discussing. Only the leader, who has chosen them, gets from here to the radiographs."""
    rows = [_disagreement(each, names, found, is_led=is_led) for each in found.disagreements]
    header = [_("Case"), _("RT-PCR"), _("The model"), *(names.arm(arm) for arm in found.arms)]
    text = _(
        "Cases about which readers differ, or that all who read them got wrong: one letter for each reader, in order."
    )
    key = _("L: COVID likely, U: COVID unlikely, C: cannot tell, –: not read.")
    table = Table(_("Cases to discuss"), header, rows)
    return Panel("disagreements", _("Cases to discuss"), [text, key], tables=[table])


_LETTERS = {Conclusion.LIKELY.value: "L", Conclusion.UNLIKELY.value: "U", Conclusion.UNSURE.value: "C"}


def _disagreement(each: Disagreement, names: _Names, found: Results, *, is_led: bool) -> Row:
    arms = [each.without, each.with_answer] if found.study.is_crossover else [each.without]
    said = [" ".join(_LETTERS.get(code, UNDEFINED) for code in arm) for arm in arms]
    case = each.case
    cells = [case.get_reference_display() or UNDEFINED, case.get_prediction_display(), *said]
    return Row(_("Case %(number)d") % {"number": case.number}, cells, case.study.get_absolute_url() if is_led else "")


def _rules(found: Results) -> Panel:
    texts = [
        _("No figure is given for fewer than %(cases)d cases.") % {"cases": FEWEST_CASES},
        _(
            "Intervals of sensitivity and specificity are Wilson's; of one reader's differences, Agresti's and Min's; "
            "all others are from a bootstrap over cases. They do not allow for how many figures are on this page."
        ),
        _("The cases were drawn from what a person's filter found: the figures hold for such radiographs only."),
        ngettext(
            "The set has %(chosen)d case, one of each patient, of %(found)d radiographs that matched.",
            "The set has %(chosen)d cases, one of each patient, of %(found)d radiographs that matched.",
            found.study.chosen,
        )
        % {"chosen": found.study.chosen, "found": found.study.found},
    ]
    return Panel("rules", _("How it is counted"), texts)


def _or_few(text: str) -> str:
    return _("too few") if text == UNDEFINED else text
