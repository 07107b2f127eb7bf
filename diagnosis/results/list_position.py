"""Position in a filtered list of results, as the page of a result shows it: "3 of 41", previous, next, and back.

An address carries the list's own address (`?list=`), with its filter, order and page. What is found here is as much as
the list itself shows to the person: of a result whose answer is hidden, a list that tells answers says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from diagnosis.models import Diagnosis, DiagnosisQuerySet
from diagnosis.models.ordering import Order
from diagnosis.results.forms import ResultFilterForm
from diagnosis.results.search import (
    MOST_COUNTED,
    PAGE_ROWS,
    Found,
    found_results,
    number_found,
    place_of,
)
from diagnosis.reviews.blinding import is_hidden
from diagnosis.wording.numbers import number

PARAMETER = "list"
LONGEST = 2000
"""Characters of a list's address that are looked at."""
_PAGES = ("after", "before")


@dataclass(frozen=True)
class ListPosition:
    """`place` is empty where it is not counted or the result is no longer in the list; so is an address of nothing."""

    query: str
    back: str
    place: str = ""
    previous: str = ""
    next: str = ""


def list_query(form: ResultFilterForm) -> str:
    """What a link of the list adds to the address of a result, so that its page knows the list and its page."""
    kept = {name: form.data[name] for name in (*form.fields, *_PAGES) if form.data.get(name)}
    return f"?{PARAMETER}={quote(urlencode(kept), safe='')}"


def list_position(user: User, diagnosis: Diagnosis, query: QueryDict) -> ListPosition | None:
    """None where the address names no list, or one that makes no sense."""
    named = _list_named(user, query)
    if named is None:
        return None
    if named.tells_hidden(user, diagnosis):
        return ListPosition(named.query, named.back)
    found, order = found_results(user, named.form.result_filter), named.order
    before, after = (_nearest(found.results, diagnosis, way) for way in (order.reverse, order))
    is_on_page = _is_on_page(user, found.results, diagnosis, named.asked, order)
    return ListPosition(
        named.query,
        named.back if is_on_page else _page_from(named.form, before),
        place=_place(found, diagnosis, order),
        previous=_address(before, named.query),
        next=_address(after, named.query),
    )


@dataclass(frozen=True)
class _List:
    """The list that an address names: its form, what was asked of it, and what its own links carry."""

    form: ResultFilterForm
    asked: QueryDict
    query: str

    @property
    def order(self) -> Order:
        return self.form.result_filter.order

    @property
    def back(self) -> str:
        return f"{reverse('diagnosis:results')}?{QueryDict(self.query[1:])[PARAMETER]}"

    def tells_hidden(self, user: User, diagnosis: Diagnosis) -> bool:
        return self.form.result_filter.tells_the_answer and is_hidden(user, diagnosis)


def _list_named(user: User, query: QueryDict) -> _List | None:
    if PARAMETER not in query:
        return None
    asked = QueryDict(str(query[PARAMETER])[:LONGEST])
    form = ResultFilterForm(user, data=asked)
    return _List(form, asked, list_query(form)) if form.is_valid() else None


def _nearest(results: DiagnosisQuerySet, diagnosis: Diagnosis, order: Order) -> UUID | None:
    """The one that follows in that order. The result itself need not be in the list any more."""
    return results.following(diagnosis, order).values_list("uuid", flat=True).first()


def _address(uuid: UUID | None, query: str) -> str:
    return f"{reverse('diagnosis:result', args=[uuid])}{query}" if uuid else ""


def _place(found: Found, diagnosis: Diagnosis, order: Order) -> str:
    if not found.can_be_counted or not found.results.filter(pk=diagnosis.pk).exists():
        return ""
    before = number_found(found.results.following(diagnosis, order.reverse))
    total = number_found(found.results)
    if before >= MOST_COUNTED:
        return ""
    values = {"place": number(before + 1), "total": number(min(total, MOST_COUNTED))}
    return (_("%(place)s of more than %(total)s") if total > MOST_COUNTED else _("%(place)s of %(total)s")) % values


def _is_on_page(user: User, results: DiagnosisQuerySet, diagnosis: Diagnosis, asked: QueryDict, order: Order) -> bool:
    """Whether the page from which the person came has the result."""
    for name, way in (("after", order), ("before", order.reverse)):
        if text := asked.get(name):
            row = _row(user, text, order)
            results = results.following(row, way) if row else results.none()
    return diagnosis.pk in results.values_list("pk", flat=True)[:PAGE_ROWS]


def _row(user: User, text: str, order: Order) -> Diagnosis | None:
    try:
        return place_of(user, UUID(text), order)
    except ValueError:
        return None


def _page_from(form: ResultFilterForm, before: UUID | None) -> str:
    """The page that begins with the result."""
    kept = {name: form.data[name] for name in form.fields if form.data.get(name)}
    return f"{reverse('diagnosis:results')}?{urlencode(kept | ({'after': str(before)} if before else {}))}"


def next_in_list(user: User, diagnosis: Diagnosis, query: QueryDict) -> str:
    """The address of the result that follows, or of the list after the last one; empty without a list.

    Asked for before something is saved: what is saved may take the result out of the list.
    """
    named = _list_named(user, query)
    if named is None:
        return ""
    if named.tells_hidden(user, diagnosis):
        return named.back
    results = found_results(user, named.form.result_filter).results
    return _address(_nearest(results, diagnosis, named.order), named.query) or named.back
