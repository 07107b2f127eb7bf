"""How the API says that something did not work: the same JSON everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse

PREFIX = "/api/"


def is_for_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(PREFIX)


def problem_body(code: str, detail: object, fields: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """`code` is for programs, `detail` one sentence for a person, `fields` what is to be corrected in which field."""
    return {"code": code, "detail": str(detail), "fields": dict(fields or {})}


def problem(status: int, code: str, detail: object, *, retry_after: int | None = None) -> JsonResponse:
    """The answer where no view of the API has been reached."""
    response = JsonResponse(problem_body(code, detail), status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response
