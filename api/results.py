"""Results: the upload that makes one, the list, and each one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from api.errors import Problem, invalid
from api.requests import UploadRequest
from api.schema import answers, file_of
from api.serializers import ResultDetailSerializer, ResultPageSerializer, UploadedFilesSerializer, UploadedSerializer
from api.throttles import UploadsOfPerson
from api.views import ApiView
from audit.models import Action
from diagnosis.history.recording import study_record
from diagnosis.models import Conclusion, Diagnosis, Outcome, ReviewState, findings_read
from diagnosis.models.results import UNKNOWN_OUTCOME
from diagnosis.results.forms import ONLY_VOIDED, ORDERS, ResultFilterForm
from diagnosis.results.list_views import asked_page
from diagnosis.results.search import ResultPage
from diagnosis.results.views import heat_map_of, opacity_map_of
from diagnosis.reviews.blinding import conceal
from diagnosis.uploads.answers import UploadAnswer, upload_answers
from diagnosis.uploads.forms import UploadForm


def visible_result(user: User, uuid: UUID) -> Diagnosis:
    return get_object_or_404(Diagnosis.objects.visible_to(user).with_rows_shown(), uuid=uuid)


def shown_result(user: User, uuid: UUID) -> Diagnosis:
    """A result without what the person may not see yet, and the entry that it was seen, as its page makes it."""
    diagnosis = visible_result(user, uuid)
    study_record(Action.RESULT_VIEWED, study=diagnosis.study, actor=user, result=diagnosis.uuid)
    (concealed,) = conceal(user, [diagnosis])
    findings_read([concealed])
    return concealed


def _parameter(name: str, description: str, enum: list[str] | None = None, type_: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, type_, description=description, enum=enum)


FILTERS = [
    _parameter("q", "Words of a patient's name, parts of a reference or words of a file name; all must match."),
    _parameter("notes", "Words that begin so in the clinical notes."),
    _parameter("prediction", "The model's answer.", Diagnosis.Label.values),
    _parameter("review", "What the newest review says.", ReviewState.values),
    _parameter("conclusion", "What the newest review concludes.", Conclusion.values),
    _parameter("outcome", "The test result.", [UNKNOWN_OUTCOME, *Outcome.Result.values]),
    _parameter(
        "appearance",
        f"The most probable appearance ({', '.join(Diagnosis.Appearance.values)}), or the most probable class of "
        "versions with classes of their own.",
    ),
    _parameter("since", "Classified on or after this day, as YYYY-MM-DD, in your time zone."),
    _parameter("until", "Classified on or before this day."),
    _parameter("by", "UUID of the person who had it classified."),
    _parameter("model", "UUID of the model version."),
    _parameter("low", "Lowest COVID probability in per cent, 0 to 100."),
    _parameter("high", "Highest COVID probability in per cent."),
    _parameter("voided", "Only voided uploads.", [ONLY_VOIDED]),
    _parameter("sort", "The order.", list(ORDERS)),
    _parameter("after", "UUID of the result that the page follows: take the address in next."),
    _parameter("before", "UUID of the result that the page precedes: take the address in previous."),
]


class ResultsView(ApiView):
    """The list of results, and the upload that adds one."""

    parser_classes = (MultiPartParser,)

    def get_throttles(self) -> list[Any]:
        own = [UploadsOfPerson()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *own]

    @extend_schema(
        operation_id="results_list", parameters=FILTERS, responses=answers({200: ResultPageSerializer}, 404, 422)
    )
    def get(self, request: Request) -> Response:
        """One page of the results that you may see: the filters, the search and the order of the site's list."""
        form = ResultFilterForm(request.user, data=request.query_params)
        if not form.is_valid():
            raise invalid(form)
        page = asked_page(request, form)
        findings_read(page.rows)
        return Response(ResultPageSerializer({"results": page.rows, **_links(request, page)}).data)

    @extend_schema(
        operation_id="results_create",
        request={"multipart/form-data": UploadRequest},
        responses=answers(
            {
                201: UploadedSerializer,
                200: UploadedSerializer,
                207: UploadedFilesSerializer,
                409: UploadedSerializer,
            },
            *(400, 413, 415, 422, 507),
        ),
    )
    def post(self, request: Request) -> Response:
        """Upload one radiograph and have it classified.

        201: it is new. 200: the same file had been uploaded before, and this is its result. 409: that was voided since.
        With `store_without_answer=true` a picture that the model refuses is stored all the same: the state is `stored`,
        `result` is null, and `text` and `code` say why.
        207: it was a ZIP of several files, and this is what became of each.
        422 and 413: it was refused with the reason, and nothing of it is kept. 503: come again after
        as many seconds as Retry-After says.
        """
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            raise invalid(form)
        without_answer = form.cleaned_data["store_without_answer"]
        answer, *more = upload_answers(
            user=request.user, file=_only_file(form), entered=form.entered, without_answer=without_answer
        )
        if more:
            found = [_of_member(request.user, each) for each in (answer, *more)]
            return Response(UploadedFilesSerializer({"files": found}).data, status=HTTPStatus.MULTI_STATUS)
        if answer.study is None:
            raise _refused(answer)
        return Response(UploadedSerializer(_body(request.user, answer)).data, status=answer.status)


def _only_file(form: UploadForm) -> Any:
    first, *more = form.cleaned_data["radiograph"]
    if more:
        raise Problem(422, "several-files", _("Send one file in each request."))
    return first


def _body(user: User, answer: UploadAnswer) -> dict[str, Any]:
    return {
        "state": answer.state.value,
        "text": answer.text,
        "code": answer.code,
        "result": shown_result(user, answer.diagnosis.uuid) if answer.diagnosis else None,
        "study": answer.study,
    }


def _of_member(user: User, answer: UploadAnswer) -> dict[str, Any]:
    return {"file_name": answer.file_name, **_body(user, answer)}


def _refused(answer: UploadAnswer) -> Problem:
    headers = {"Retry-After": str(answer.retry_after)} if answer.retry_after else {}
    return Problem(answer.status, answer.code, answer.text, headers=headers)


def _links(request: Request, page: ResultPage) -> dict[str, str | None]:
    return {
        "next": _address(request, after=page.rows[-1]) if page.has_next else None,
        "previous": _address(request, before=page.rows[0]) if page.has_previous and page.rows else None,
    }


def _address(request: Request, **place: Diagnosis) -> str:
    query = request.query_params.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query.update({name: str(row.uuid) for name, row in place.items()})
    return str(request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))


class ResultView(ApiView):
    """One result."""

    @extend_schema(operation_id="results_retrieve", responses=answers({200: ResultDetailSerializer}, 404))
    def get(self, request: Request, uuid: UUID) -> Response:
        """One result with its study, its patient, and what people have added."""
        return Response(ResultDetailSerializer(shown_result(request.user, uuid)).data)


class HeatMapView(ApiView):
    """What the model used."""

    @extend_schema(operation_id="results_heat_map", responses=answers(file_of("image/png"), 404))
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """The heat map in colour, as large as the radiograph's copy, transparent where there is no evidence."""
        return heat_map_of(request, uuid)


class OpacityMapView(ApiView):
    """Where something is seen."""

    @extend_schema(operation_id="results_opacity_map", responses=answers(file_of("image/png"), 404))
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """The map of opacities in colour, as the heat map; 404 where the model does not look for opacities."""
        return opacity_map_of(request, uuid)
