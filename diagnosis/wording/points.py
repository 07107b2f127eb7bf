"""Which operating point an answer had: that of the model's card, or the installation's own with its figures."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.wording import listed
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
