"""A result as FHIR: the view of `/api/results/{uuid}/fhir/`."""

from __future__ import annotations

import json
from contextlib import suppress
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from api.fhir_resources import diagnostic_report
from api.results import visible_result
from api.schema import answers
from api.views import ApiView
from audit.models import Action
from diagnosis.history.recording import study_record
from diagnosis.models import Study
from diagnosis.reviews.access import refuse_hidden
from pacs.objects.sources import NoStudy, Source, source_of

MEDIA_TYPE = "application/fhir+json"


class FhirView(ApiView):
    """One result, for programs that know FHIR."""

    @extend_schema(operation_id="results_fhir", responses=answers({(200, MEDIA_TYPE): OpenApiTypes.OBJECT}, 404))
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """The result as a FHIR R4 DiagnosticReport.

        It contains the patient, the model version as the device, an Observation for each thing that was observed, and
        for a DICOM file the ImagingStudy. It is preliminary, and entered-in-error where the radiograph was voided.
        """
        diagnosis = visible_result(request.user, uuid)
        refuse_hidden(request.user, diagnosis)
        study_record(Action.RESULT_VIEWED, study=diagnosis.study, actor=request.user, result=diagnosis.uuid)
        report = diagnostic_report(diagnosis, _source(diagnosis.study))
        return HttpResponse(json.dumps(report, ensure_ascii=False), content_type=MEDIA_TYPE)


def _source(study: Study) -> Source | None:
    """What the file says of its study; None where it is no DICOM file, or is lost."""
    with suppress(NoStudy, FileNotFoundError):
        return source_of(study)
    return None
