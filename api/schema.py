"""How views describe themselves in the OpenAPI schema, and the two ways to read it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated

from api.description import described, whole_schema
from api.views import ApiView


class ProblemSerializer(serializers.Serializer):
    """Why not. `code` is for programs, `detail` for a person, `fields` says what to correct where."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


SIGNED_IN = (401, 403, 429, 503)
"""What every address may answer that needs a signed-in radiographer."""


def answers(found: dict[Any, Any], *refusals: int) -> dict[Any, Any]:
    """The `responses` of a view: what it hands out, and each refusal in the one shape that all of them have."""
    statuses = sorted({*SIGNED_IN, 405, 500, *refusals})
    return found | {
        status: OpenApiResponse(ProblemSerializer, description=HTTPStatus(status).phrase) for status in statuses
    }


def file_of(media_type: str) -> dict[Any, Any]:
    return {(200, media_type): OpenApiTypes.BINARY}


class SchemaView(ApiView, SpectacularJSONAPIView):
    """The schema, for everybody who has a token."""

    permission_classes = (IsAuthenticated,)
    renderer_classes = [OpenApiJsonRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    """The same for people: a page of the site without a script, for everybody who is signed in."""
    return render(request, "api/documentation.html", {"api": described(whole_schema())})
