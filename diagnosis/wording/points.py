"""Which operating point an answer had: that of the model's card, or the installation's own with its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.wording import listed
from diagnosis.inference.decision import DecisionRule
from diagnosis.models import Diagnosis, OperatingPoint
from diagnosis.wording.numbers import day_in_words, decimal, interval, interval_in_percent, number


def point_source(diagnosis: Diagnosis) -> str:
    """In two words, without a query."""
    return _("this site’s own") if diagnosis.site_point_id else _("of the model’s card")


def point_of_answer(diagnosis: Diagnosis, *, with_day: bool = True) -> str:
    """The operating point by which the answer was decided, where it is from, and of its own what it was chosen by."""
    if diagnosis.site_point is None:
        return f"{decimal(diagnosis.operating_point)}, {point_source(diagnosis)}"
    return point_in_full(diagnosis.site_point, with_day=with_day)


def point_meaning(diagnosis: Diagnosis) -> str:
    """What an operating point is, and of an installation's own also what the card's would have answered."""
    meaning = _("Below the operating point a radiograph looks more like Negative, above it more like Positive.")
    rule = _rule_of(diagnosis.model_version.card) if diagnosis.site_point_id else None
    if rule is None:
        return meaning
    is_limited = diagnosis.quality == Diagnosis.Quality.LIMITED  # Indeterminate at any operating point
    answer = diagnosis.prediction if is_limited else rule.predict(diagnosis.probability).value
    values = {"card": decimal(rule.operating_point), "answer": Diagnosis.Label(answer).label}
    own = _(
        "An administrator has put this site’s own into force. With the model card’s, %(card)s, the answer would be: "
        "%(answer)s."
    )
    return f"{meaning} {own % values}"


def _rule_of(card: Mapping[str, Any]) -> DecisionRule | None:
    """The rule of a stored card; None where it is not in order."""
    try:
        rule = card["decision"]["rule"]
        return DecisionRule(*(float(rule[name]) for name in _RULE))
    except (KeyError, TypeError, ValueError):
        return None


_RULE = ("operating_point", "indeterminate_low", "indeterminate_high")


def point_in_full(chosen: OperatingPoint, *, with_day: bool = True) -> str:
    """An installation's own operating point in one line."""
    point, sensitivity, specificity = chosen.measured
    since = _("since %s") % day_in_words(chosen.created) if with_day else ""
    values = {
        "point": interval(point),
        "positives": number(chosen.positives),
        "negatives": number(chosen.negatives),
        "sensitivity": interval_in_percent(sensitivity),
        "specificity": interval_in_percent(specificity),
    }
    own = _(
        "%(point)s, this site’s own, chosen by %(positives)s positive and %(negatives)s negative RT-PCR results: "
        "sensitivity %(sensitivity)s, specificity %(specificity)s"
    )
    return listed([own % values, since])
