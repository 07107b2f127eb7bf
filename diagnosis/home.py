"""What the home page counts: the results of today and of this month, by answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from diagnosis.models import Diagnosis


@dataclass(frozen=True)
class Tally:
    """How many results gave one answer, or any (`prediction` is empty), and the lists of them."""

    prediction: str
    today: int
    month: int
    today_address: str
    month_address: str

    @property
    def get_prediction_display(self) -> str:
        """As a diagnosis names its answer."""
        return str(Diagnosis.Label(self.prediction).label) if self.prediction else ""


def tallies(user: User) -> list[Tally]:
    """One for each answer and one for all of them; in one query, over no more than this month's rows.

    Days begin at midnight in the person's time zone.
    """
    today = timezone.localdate()
    first = today.replace(day=1)
    results = Diagnosis.objects.visible_to(user).filter(created__gte=_midnight(first))
    since_midnight = Count("pk", filter=Q(created__gte=_midnight(today)))
    counted = results.order_by().values_list("prediction").annotate(of_today=since_midnight, of_month=Count("pk"))
    found = {prediction: (of_today, of_month) for prediction, of_today, of_month in counted}
    each = [(label, *found.get(label, (0, 0))) for label in Diagnosis.Label.values]
    every = ("", sum(row[1] for row in each), sum(row[2] for row in each))
    return [Tally(*row, _list_of(row[0], today), _list_of(row[0], first)) for row in (*each, every)]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _list_of(prediction: str, since: date) -> str:
    chosen = {"prediction": prediction} if prediction else {}
    return f"{reverse('diagnosis:results')}?{urlencode(chosen | {'since': since.isoformat()})}"
