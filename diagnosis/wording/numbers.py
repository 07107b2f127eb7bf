"""Numbers, percentages, intervals, durations, file sizes, days and moments as text in the person's language.

The only place that formats them. What is not known is a dash.
"""

from __future__ import annotations

from datetime import date, datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnosis.estimates import Estimate

UNDEFINED = "–"
MOMENT_FORMAT = "DATETIME_FORMAT"
"""Of the language: administration/formats."""
HOUR, DAY = 60, 24 * 60
"""In minutes."""
_MOST_DECIMALS = 2


def number(value: float | None) -> str:
    """A whole number with the language's thousands separators."""
    return UNDEFINED if value is None else number_format(f"{value:.0f}", decimal_pos=0, force_grouping=True)


def decimal(value: float | None, digits: int = 3) -> str:
    """Rounded first: number_format alone cuts digits off."""
    return UNDEFINED if value is None else number_format(f"{value:.{digits}f}", decimal_pos=digits)


def percent(share: float | None, digits: int = 1) -> str:
    """A share, 0..1, in per cent."""
    return UNDEFINED if share is None else f"{decimal(100 * share, digits)}\N{NO-BREAK SPACE}%"


def percents(*probabilities: float) -> list[str]:
    """Probabilities (0..1) shown next to each other: with as few decimals as still tell different ones apart.

    A value short of certainty is never shown as 0 % or 100 %. The signs < and > turn round between letters that run
    from right to left, so such a language has words for them.
    """
    for decimals in range(_MOST_DECIMALS + 1):
        texts = [_short_of_certainty(probability, decimals) for probability in probabilities]
        if len(set(texts)) == len(set(probabilities)):
            break
    return texts


def _short_of_certainty(probability: float, decimals: int) -> str:
    step = 10.0**-decimals / 100
    share = round(probability, decimals + 2)
    if share <= 0 < probability:
        return _unbroken(_("< %(percent)s") % {"percent": percent(step, decimals)})
    if share >= 1 > probability:
        return _unbroken(_("> %(percent)s") % {"percent": percent(1 - step, decimals)})
    return percent(share, decimals)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def interval(estimate: Estimate | None) -> str:
    """A figure with the ends of its 95 % interval."""
    if estimate is None:
        return UNDEFINED
    return _with_ends(decimal(estimate.value), decimal(estimate.low), decimal(estimate.high))


def interval_in_percent(estimate: Estimate | None) -> str:
    """The same for a share."""
    if estimate is None:
        return UNDEFINED
    return _with_ends(percent(estimate.value), decimal(100 * estimate.low, 1), percent(estimate.high))


def _with_ends(value: str, low: str, high: str) -> str:
    return _("%(value)s (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


def duration(minutes: int) -> str:
    """A time in its two largest units."""
    days, rest = divmod(minutes, DAY)
    hours, left = divmod(rest, HOUR)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": left}
    return ngettext("%(minutes)d minute", "%(minutes)d minutes", left) % {"minutes": left}


def milliseconds(value: float) -> str:
    if value < 1000:
        return _("%(number)s ms") % {"number": decimal(value, 0)}
    return _("%(number)s s") % {"number": decimal(value / 1000, 1)}


def size(number_of_bytes: int | None) -> str:
    return _("not known") if number_of_bytes is None else filesizeformat(number_of_bytes)


def day(value: date | None) -> str:
    """As DICOM viewers and forms show it: year-month-day; nothing where there is none."""
    return value.isoformat() if value else ""


def day_in_words(value: date | None) -> str:
    return date_format(value, "j M Y") if value else ""


def moment(value: datetime, *, with_zone: bool = False) -> str:
    """A point in time in the person's time zone."""
    local = timezone.localtime(value)
    text = date_format(local, MOMENT_FORMAT)
    return f"{text} {date_format(local, 'T')}" if with_zone else text
