"""What the home page says: the newest results, and the counts of today and of this month, by answer.

A person who reads blind sees no answer there of a study that is still to be read, and no count that would tell it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from diagnosis.models import Diagnosis, DiagnosisQuerySet, Refusal
from diagnosis.results.search import rows_read
from diagnosis.reviews.blinding import HIDDEN, hides_some, revealed_to

RECENT_RESULTS = 5


def newest_results(user: User, *, without: Collection[int] = ()) -> list[Diagnosis]:
    """The newest results but those that the page shows already. The index alone finds them before they are read."""
    results = Diagnosis.objects.visible_to(user).kept().newest_first()
    newest = results.values_list("pk", flat=True)[: RECENT_RESULTS + len(without)]
    return rows_read(user, [pk for pk in newest if pk not in without][:RECENT_RESULTS])


@dataclass(frozen=True)
class Tally:
    """How many results gave one answer, or are counted under a `name`; and the lists of them, where there are any."""

    prediction: str
    name: str
    today: int
    month: int
    today_address: str = ""
    month_address: str = ""


@dataclass(frozen=True)
class _Span:
    """Today and this month, by the clock of the person."""

    today: date
    first: date

    @property
    def both(self) -> dict[str, Count]:
        since_midnight = Count("pk", filter=Q(created__gte=_midnight(self.today)))
        return {"of_today": since_midnight, "of_month": Count("pk")}

    def address_of(self, day: date, **chosen: str) -> str:
        return f"{reverse('diagnosis:results')}?{urlencode({**chosen, 'since': day.isoformat()})}"


def tallies(user: User) -> list[Tally]:
    """One for each answer, one for all of them, and one for what could not be assessed; over this month's rows only.

    Days begin at midnight in the person's time zone.
    """
    today = timezone.localdate()
    span = _Span(today, today.replace(day=1))
    month = Diagnosis.objects.visible_to(user).kept().filter(created__gte=_midnight(span.first)).order_by()
    answers = _by_answer(revealed_to(user, month), span)
    hidden = _hidden(month, answers, span) if hides_some(user) else []
    counted = [*answers, *hidden]
    numbers = sum(row.today for row in counted), sum(row.month for row in counted)
    every = Tally("", _("All"), *numbers, span.address_of(span.today), span.address_of(span.first))
    return [*counted, every, _refused(user, span)]


def _by_answer(results: DiagnosisQuerySet, span: _Span) -> list[Tally]:
    counted = results.values_list("prediction").annotate(**span.both)
    found = {prediction: (of_today, of_month) for prediction, of_today, of_month in counted}
    return [
        Tally(
            answer,
            "",
            *found.get(answer, (0, 0)),
            span.address_of(span.today, prediction=answer),
            span.address_of(span.first, prediction=answer),
        )
        for answer in Diagnosis.Label.values
    ]


def _hidden(month: DiagnosisQuerySet, answers: list[Tally], span: _Span) -> list[Tally]:
    """How many of them the person has not read yet, whatever their answers."""
    all_of_them = month.aggregate(**span.both)
    of_today = all_of_them["of_today"] - sum(row.today for row in answers)
    return [Tally("", str(HIDDEN), of_today, all_of_them["of_month"] - sum(row.month for row in answers))]


def _refused(user: User, span: _Span) -> Tally:
    counted = Refusal.objects.visible_to(user).since(_midnight(span.first)).aggregate(**span.both)
    numbers, address = (counted["of_today"], counted["of_month"]), f"{reverse('diagnosis:uploads')}?only=refused"
    return Tally("", _("Cannot be assessed"), *numbers, today_address=address, month_address=address)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
