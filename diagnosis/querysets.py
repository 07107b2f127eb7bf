"""Reading lists of diagnoses: every filter, both orders, and the pages of a list, as queries with names.

A page is named by the row that it follows or precedes (keyset pagination): a page far down costs as much as the first,
nothing is counted, and a link to a page shows the same rows however many have been added at the top since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from diagnosis.fields import search_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnosis.models import Diagnosis

_LAST_CHARACTER = "\U0010ffff"
SEARCHED_KEYS = ("patient_reference_key", "patient_name_key", "file_name_key")


@dataclass(frozen=True)
class Order:
    """A column to sort by; rows with the same value stand in the order in which they were stored."""

    column: str
    is_descending: bool

    @property
    def columns(self) -> list[str]:
        sign = "-" if self.is_descending else ""
        return [f"{sign}{self.column}", f"{sign}pk"]

    @property
    def reverse(self) -> Order:
        return Order(self.column, not self.is_descending)


NEWEST_FIRST = Order("created", is_descending=True)
OLDEST_FIRST = Order("created", is_descending=False)
MOST_PROBABLE_FIRST = Order("probability", is_descending=True)
LEAST_PROBABLE_FIRST = Order("probability", is_descending=False)


def starts_with(text: str, column: str) -> Q:
    """Rows of which a search key begins with what `text` is as a key.

    As a range and not as LIKE, for which neither SQLite nor MariaDB would use an index here.
    """
    first = search_key(text)
    return Q(**{f"{column}__gte": first, f"{column}__lt": first + _LAST_CHARACTER})


def _start_of(day: date) -> datetime:
    """Midnight in the time zone of the person who asks."""
    return timezone.make_aware(datetime.combine(day, time.min))


class ListedDiagnoses(models.QuerySet["Diagnosis"]):
    """The filters and the order of the list of results. All of them together are one query."""

    def kept(self) -> Self:
        """Those of studies that nobody has voided."""
        return self.filter(standing="kept")

    def voided(self) -> Self:
        return self.filter(standing="voided")

    def predicted(self, prediction: str) -> Self:
        return self.filter(prediction=prediction)

    def classified_from(self, day: date) -> Self:
        return self.filter(created__gte=_start_of(day))

    def classified_until(self, day: date) -> Self:
        """Up to the end of the day."""
        return self.filter(created__lt=_start_of(day + timedelta(days=1)))

    def requested_by_person(self, pk: int) -> Self:
        return self.filter(requested_by=pk)

    def answered_by_model(self, pk: int) -> Self:
        return self.filter(model_version=pk)

    def reviewed_as(self, state: str) -> Self:
        return self.filter(review_state=state)

    def with_probability_from(self, probability: float) -> Self:
        return self.filter(probability__gte=probability)

    def with_probability_to(self, probability: float) -> Self:
        return self.filter(probability__lte=probability)

    def of_studies(self, pks: Iterable[int]) -> Self:
        return self.filter(study__in=pks)

    def of_study_starting_with(self, text: str) -> Self:
        return self.filter(reduce(or_, (starts_with(text, f"study__{key}") for key in SEARCHED_KEYS)))

    def with_outcome(self, outcome: str) -> Self:
        """Those of which the study's RT-PCR came out so."""
        return self.filter(outcome=outcome)

    def in_order(self, order: Order) -> Self:
        return self.order_by(*order.columns)

    def following(self, row: Diagnosis, order: Order) -> Self:
        """The rows behind `row` in that order, in that order. The row itself need not be among those listed."""
        beyond = "lt" if order.is_descending else "gt"
        value = getattr(row, order.column)
        further = Q(**{f"{order.column}__{beyond}": value})
        equal = Q(**{order.column: value, f"pk__{beyond}": row.pk})
        # The first condition says nothing new: it is the one that an index can start from.
        return self.filter(Q(**{f"{order.column}__{beyond}e": value}), further | equal).in_order(order)
