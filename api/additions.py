"""What a person adds to a result: an own reading, a review, the outcome of a test. Each answers with the result."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.forms import Form
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import invalid
from api.requests import OutcomeRequest, ReadingRequest, ReviewRequest
from api.results import shown_result, visible_result
from api.schema import answers
from api.serializers import ResultDetailSerializer
from api.views import ApiView, text_fields
from diagnosis.models import Diagnosis
from diagnosis.reviews.forms import OutcomeForm, ReadingForm, ReviewForm
from diagnosis.reviews.services import outcome_add, reading_add, review_add

_ANSWERS = answers({201: ResultDetailSerializer}, 400, 404, 409, 415, 422)
_LISTS = ("findings",)


class _AdditionView(ApiView):
    """Form → service → the result as it is now."""

    def add(self, request: Request, diagnosis: Diagnosis) -> None:
        raise NotImplementedError

    def answer(self, request: Request, uuid: UUID) -> Response:
        self.add(request, visible_result(request.user, uuid))
        result = ResultDetailSerializer(shown_result(request.user, uuid))
        return Response(result.data, status=HTTPStatus.CREATED)


def _checked(form: Form) -> dict[str, Any]:
    if not form.is_valid():
        raise invalid(form)
    return form.cleaned_data


class ReadingView(_AdditionView):
    def add(self, request: Request, diagnosis: Diagnosis) -> None:
        values = _checked(ReadingForm(text_fields(request, ReadingForm.prefix, lists=_LISTS)))
        reading_add(user=request.user, study=diagnosis.study, **values)

    @extend_schema(operation_id="results_reading", request=ReadingRequest, responses=_ANSWERS)
    def post(self, request: Request, uuid: UUID) -> Response:
        """Your own reading, before the model's answer is shown to you (blind reading). There is one for each study."""
        return self.answer(request, uuid)


class ReviewView(_AdditionView):
    def add(self, request: Request, diagnosis: Diagnosis) -> None:
        values = _checked(ReviewForm(text_fields(request, ReviewForm.prefix, lists=_LISTS), diagnosis=diagnosis))
        review_add(user=request.user, diagnosis=diagnosis, **values)

    @extend_schema(operation_id="results_review", request=ReviewRequest, responses=_ANSWERS)
    def post(self, request: Request, uuid: UUID) -> Response:
        """What you conclude; whether that agrees with the model's answer follows. The newest review counts."""
        return self.answer(request, uuid)


class OutcomeView(_AdditionView):
    def add(self, request: Request, diagnosis: Diagnosis) -> None:
        values = _checked(OutcomeForm(text_fields(request, OutcomeForm.prefix), study=diagnosis.study))
        outcome_add(user=request.user, study=diagnosis.study, **values)

    @extend_schema(operation_id="results_outcome", request=OutcomeRequest, responses=_ANSWERS)
    def post(self, request: Request, uuid: UUID) -> Response:
        """How the patient's RT-PCR test came out, and when the sample was taken."""
        return self.answer(request, uuid)
