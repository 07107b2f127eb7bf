"""Reports: making one, what is known of it, and its PDF."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem
from api.requests import ReportRequest
from api.results import visible_result
from api.schema import answers, file_of
from api.serializers import ReportSerializer
from api.views import ApiView, text_fields
from diagnosis.reports.services import report_create
from diagnosis.reports.views import as_file, seen_report, site_of
from diagnosis.reviews.access import refuse_hidden

VARIANTS = ("full", "deidentified")


class ReportsView(ApiView):
    """The reports of a result."""

    @extend_schema(
        operation_id="reports_create",
        request=ReportRequest,
        responses=answers({201: ReportSerializer}, 400, 404, 409, 415, 422, 507),
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        """Make a report of a result as it is now; the older one of the same kind is superseded."""
        diagnosis = visible_result(request.user, uuid)
        refuse_hidden(request.user, diagnosis)
        is_deidentified = _variant(request) == "deidentified"
        report = report_create(
            user=request.user, diagnosis=diagnosis, is_deidentified=is_deidentified, site=site_of(request)
        )
        return Response(ReportSerializer(report).data, status=HTTPStatus.CREATED)


def _variant(request: Request) -> str:
    variant = text_fields(request).get("variant", "full")
    if variant not in VARIANTS:
        sentence = _("There is no such choice. Choose one from the list.")
        raise Problem(422, "invalid", _("Correct the fields listed here."), fields={"variant": [sentence]})
    return variant


class ReportView(ApiView):
    @extend_schema(operation_id="reports_retrieve", responses=answers({200: ReportSerializer}, 404))
    def get(self, request: Request, uuid: UUID) -> Response:
        """A report's details, and whether it is still valid."""
        return Response(ReportSerializer(seen_report(request, uuid)).data)


class ReportFileView(ApiView):
    @extend_schema(operation_id="reports_file", responses=answers(file_of("application/pdf"), 404))
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """The PDF."""
        report = seen_report(request, uuid)
        return as_file(request, report, "attachment")
