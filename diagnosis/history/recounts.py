"""Noting that results have changed, so that figures which were counted before are counted again.

A caller that writes something that figures depend on (a result, a review, a reading, an outcome, a study's date,
patient or standing) notes it in the same transaction. `diagnosis.history.recording` does it for everything that leaves
a line in a study's history.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import Count

from diagnosis.models import DayFigures, ResultChange, Study


def results_changed(study: Study) -> None:
    """Note that a figure may have changed to which a result of the study belongs."""
    days_changed(study.institution_id, study.diagnoses.values_list("created", flat=True))


def days_changed(institution: int, moments: Iterable[datetime]) -> None:
    """The same for results that were made at these moments."""
    days = {utc_day(moment) for moment in moments}
    ResultChange.objects.bulk_create(ResultChange(institution_id=institution, day=day) for day in sorted(days))


def figures_forget(study: Study) -> None:
    """Delete the figures in which the study is counted, because it is about to be erased."""
    for moment in study.diagnoses.values_list("created", flat=True):
        DayFigures.objects.filter(institution=study.institution_id, start__lte=moment, end__gt=moment).delete()
    results_changed(study)


def utc_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def changes_compact() -> int:
    """Put the rows of each day into one, whose number is their sum; of how many days."""
    several = ResultChange.objects.values_list("institution", "day").annotate(rows=Count("pk")).filter(rows__gt=1)
    days = list(several.order_by())
    for institution, day, _rows in days:
        _compact(institution, day)
    return len(days)


@transaction.atomic
def _compact(institution: int, day: date) -> None:
    """Rows written since then stay: only those that were read are deleted."""
    rows = dict(ResultChange.objects.filter(institution=institution, day=day).values_list("pk", "number"))
    ResultChange.objects.filter(pk__in=rows).delete()
    ResultChange.objects.create(institution_id=institution, day=day, number=sum(rows.values()))
