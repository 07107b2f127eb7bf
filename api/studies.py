"""Studies that are stored without an answer: the list, and each one."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import answers
from api.serializers import UnansweredPageSerializer, UnansweredStudySerializer
from api.views import ApiView
from audit.models import Action
from diagnosis.history.recording import list_record, study_record
from diagnosis.models import Study
from diagnosis.studies.search import unanswered_page

_AFTER = OpenApiParameter("after", str, description="UUID of the study that the page follows: take it from next.")


class UnansweredStudiesView(ApiView):
    @extend_schema(
        operation_id="studies_without_answer",
        parameters=[_AFTER],
        responses=answers({200: UnansweredPageSerializer}, 404),
    )
    def get(self, request: Request) -> Response:
        """One page of the radiographs that the model refused and somebody stored, newest first."""
        after = request.query_params.get("after")
        page = unanswered_page(request.user, _uuid_or_404(after) if after else None)
        list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(page.rows), asked=["without-answer"])
        return Response(
            UnansweredPageSerializer({"studies": page.rows, "next": _next(request, page.rows, page.has_next)}).data
        )


class UnansweredStudyView(ApiView):
    @extend_schema(
        operation_id="studies_retrieve_without_answer", responses=answers({200: UnansweredStudySerializer}, 404)
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        """One of them; 404 for a study that has an answer: that is a result."""
        studies = Study.objects.visible_to(request.user).filter(unanswered__isnull=False)
        study = get_object_or_404(studies.select_related("patient", "uploaded_by"), uuid=uuid)
        study_record(Action.RESULT_VIEWED, study=study, actor=request.user)
        return Response(UnansweredStudySerializer(study).data)


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _next(request: Request, rows: list[Study], has_next: bool) -> str | None:
    return str(request.build_absolute_uri(f"{request.path}?after={rows[-1].uuid}")) if has_next else None
