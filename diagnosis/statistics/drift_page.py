"""The page on drift in words and tables."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from diagnosis.models import Diagnosis
from diagnosis.statistics.drift import Comparison, Drift, Measure, Reference
from diagnosis.statistics.panels import KeyFigure, Panel, Row, Table
from diagnosis.statistics.periods import Span
from diagnosis.statistics.stability import FEWEST, State
from diagnosis.wording.numbers import number, percent

_STATES = {
    State.TOO_FEW: gettext_lazy("Too few results"),
    State.STEADY: gettext_lazy("As before"),
    State.SOME: gettext_lazy("Changed a little"),
    State.MUCH: gettext_lazy("Changed much"),
}
_TITLES = {
    (Measure.SCORE, Reference.FIRST_WEEKS): gettext_lazy("Probabilities of COVID"),
    (Measure.DISTANCE, Reference.FIRST_WEEKS): gettext_lazy("Distance from what the model learned from"),
    (Measure.QUALITY, Reference.FIRST_WEEKS): gettext_lazy("Picture quality"),
    (Measure.ANSWER, Reference.VALIDATION): gettext_lazy("Answers, against the validation"),
    (Measure.QUALITY, Reference.VALIDATION): gettext_lazy("Picture quality, against the validation"),
}


def key_figures(drift: Drift) -> list[KeyFigure]:
    return [KeyFigure(_title(one), str(_STATES[one.stability.state]), _note(one)) for one in drift.comparisons]


def _title(one: Comparison) -> str:
    return str(_TITLES[one.measure, one.reference])


def _note(one: Comparison) -> str:
    if not one.stability.is_enough:
        return _("%(before)s and %(now)s results; at least %(fewest)s of each are needed") % {
            "before": number(sum(one.stability.before)),
            "now": number(sum(one.stability.now)),
            "fewest": number(FEWEST),
        }
    return _("PSI %(psi)s; by chance up to %(chance)s") % {
        "psi": _decimal(one.stability.psi),
        "chance": _decimal(one.stability.chance),
    }


def _decimal(value: float) -> str:
    return f"{value:.3f}"


def panels(drift: Drift) -> list[Panel]:
    return [_panel(one) for one in drift.comparisons]


def _panel(one: Comparison) -> Panel:
    reference = _("First weeks") if one.reference is Reference.FIRST_WEEKS else _("Validation")
    stability = one.stability
    rows = [
        Row(_group(one, name), [_of(before, sum(stability.before)), _of(now, sum(stability.now))])
        for name, before, now in zip(stability.groups, stability.before, stability.now, strict=True)
    ]
    table = Table(_title(one), [_("Group"), reference, _("Last weeks")], rows)
    return Panel(f"{one.measure}-{one.reference}", _title(one), [_about(one)], [], [table])


def _group(one: Comparison, name: str) -> str:
    if one.measure is Measure.QUALITY:
        return str(dict(Diagnosis.Quality.choices).get(name, name))
    if one.measure is Measure.ANSWER:
        return str(dict(Diagnosis.Label.choices).get(name, name))
    return name


def _of(count: int, total: int) -> str:
    return f"{number(count)} ({percent(count / total)})" if total else number(count)


def _about(one: Comparison) -> str:
    if one.reference is Reference.VALIDATION:
        return _(
            "The radiographs that the model was judged on came from other hospitals, with another share of COVID: a "
            "difference alone is no fault. A growing one is a reason to look."
        )
    if one.measure is Measure.DISTANCE:
        return _("Above 0 the model calls a picture unlike those that it learned from. A new device shows here first.")
    if one.measure is Measure.QUALITY:
        return _("Of the radiographs that were assessed. Refused ones are on the page on activity.")
    return _("More or fewer patients with COVID change this as well as another device does.")


def days(span: Span) -> str:
    """Its first and its last day."""
    first, last = localdate(span.start), localdate(span.end).fromordinal(localdate(span.end).toordinal() - 1)
    return f"{date_format(first, 'DATE_FORMAT')} – {date_format(last, 'DATE_FORMAT')}"
