"""How views describe themselves in the OpenAPI schema, and the two ways to read it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

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


def whole_schema() -> dict[str, Any]:
    """The same for everybody: which addresses there are is no secret, what they answer depends on the person."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


class DocumentationView(SpectacularSwaggerSplitView):
    """The same for people: Swagger UI in a page of the site. It is given the schema and asks the API for nothing."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [IsAuthenticated]
    template_name = "api/documentation.html"
    url_name = "api:schema"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        answer: Response = super().get(request, *args, **kwargs)
        if "settings" in answer.data:  # of the script
            answer.data["settings"] = json.dumps({"spec": json.loads(OpenApiJsonRenderer().render(whole_schema()))})
        return answer


documentation = login_required(DocumentationView.as_view())
"""Behind the sign-in of the site's pages, which lets the views of the API through."""
