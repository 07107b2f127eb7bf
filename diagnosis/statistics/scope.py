"""Which results are counted for a person, and who may see counts at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.roles import SignedInRequest
from accounts.scope import OWN
from diagnosis.models import Diagnosis, DiagnosisQuerySet, Refusal, RefusalQuerySet, Study, StudyQuerySet
from diagnosis.reviews.blinding import hides_some, revealed_to

Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[SignedInRequest, Parameters], HttpResponseBase]


def counted_results(user: User) -> DiagnosisQuerySet:
    """Of the person's institution, without voided studies.

    Administrators see usage: their counts hold no row and no patient. Radiographers count what they may see, which a
    setting can narrow to their own radiographs; who reads blind counts what they have read, because the counts before
    and after an upload would tell its answer.
    """
    if counts_read_only(user):
        return revealed_to(user, Diagnosis.objects.visible_to(user)).kept().order_by()
    if user.is_staff:
        return results_of(user.institution_id)
    return Diagnosis.objects.visible_to(user).kept().order_by()


def results_of(institution: int) -> DiagnosisQuerySet:
    """All of an institution that count."""
    return Diagnosis.objects.filter(institution=institution).kept().order_by()


def counts_read_only(user: User) -> bool:
    """Whether the person's counts leave out what is hidden from them, because they read blind or in a reader study."""
    return user.is_radiographer and hides_some(user)


def counts_own_only(user: User) -> bool:
    """Whether the person's counts are of their own radiographs instead of the institution's."""
    return settings.RADIOGRAPHERS_SEE == OWN and not user.is_staff


def counted_refusals(user: User) -> RefusalQuerySet:
    """Uploads to the person's institution that could not be assessed."""
    if user.is_staff:
        return Refusal.objects.filter(institution=user.institution_id)
    return Refusal.objects.visible_to(user)


def counted_unanswered(user: User) -> StudyQuerySet:
    """Radiographs of the person's institution that are stored without an answer."""
    if user.is_staff:
        return Study.objects.filter(institution=user.institution_id).unanswered()
    return Study.objects.visible_to(user).unanswered()


def counts_visible(view: View[Parameters]) -> View[Parameters]:
    """Open a view to radiographers and administrators: 403 for everybody else who is signed in."""

    @wraps(view)
    def checked(request: SignedInRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
        if not (request.user.is_radiographer or request.user.is_staff):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked
