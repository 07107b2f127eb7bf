"""The pictures and the file of a study."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from api.schema import answers, file_of
from api.views import ApiView
from diagnosis.files.views import display_of, full_of, original_of, thumbnail_of

_JPEG = answers(file_of("image/jpeg"), 404)


class DisplayView(ApiView):
    @extend_schema(operation_id="studies_display", responses=_JPEG)
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """The radiograph as pages show it, free of metadata."""
        return display_of(request, uuid)


class ThumbnailView(ApiView):
    @extend_schema(operation_id="studies_thumbnail", responses=_JPEG)
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """A small copy, as lists show it."""
        return thumbnail_of(request, uuid)


class FullView(ApiView):
    @extend_schema(operation_id="studies_full", responses=_JPEG)
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """The radiograph with all its pixels, free of metadata."""
        return full_of(request, uuid)


class OriginalView(ApiView):
    @extend_schema(operation_id="studies_original", responses=answers(file_of("application/octet-stream"), 404))
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """The file as it was uploaded, with everything that it says of the patient."""
        return original_of(request, uuid)
