"""From an exception to an answer: every refusal of the API has the same shape (`api.problems.problem_body`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.forms import Form
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response

from api.problems import problem_body
from diagnosis.errors import DiagnosisError
from diagnosis.models import AnswerHidden
from diagnosis.reports.files import MISSING, ReportUnavailable
from diagnosis.reports.services import ReportRefused
from diagnosis.reviews.services import AdditionRefused
from diagnosis.wording.errors import error_text

logger = logging.getLogger(__name__)


class Problem(Exception):
    """What a view answers instead of what was asked for."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: object,
        *,
        fields: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.body, self.headers = status, problem_body(code, detail, fields), dict(headers or {})


def invalid(form: Form, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Problem:
    """A problem that says what to correct, in the form's own words."""
    fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
    return Problem(status, "invalid", _("Correct the fields listed here."), fields=fields)


# Django REST framework has sentences of its own, in other words and without Malay.
_SENTENCES = {
    "parse_error": gettext_lazy("This request could not be understood"),
    "authentication_failed": gettext_lazy("This token is no longer valid. Sign in again."),
    "not_authenticated": gettext_lazy("Sign in: this request has no token."),
    "permission_denied": gettext_lazy(
        "Your account does not have the role that this page needs. An administrator can give it to you."
    ),
    "not_found": gettext_lazy("It may never have existed, or it belongs to another institution."),
    "method_not_allowed": gettext_lazy("This address does not accept this method."),
    "unsupported_media_type": gettext_lazy("This address does not accept this type of content."),
    "throttled": gettext_lazy("Too many requests. Wait a while, then try again."),
}


def answer_to(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to what a view raised; None for a fault, which goes on to `covidxray.error_pages.server_error`."""
    problem = error if isinstance(error, Problem) else _of_framework(error) or _of_diagnosis(error)
    if problem is None:
        return None
    if isinstance(error, FileNotFoundError):
        logger.error("a stored file is missing: %s", context["request"].path)
    return Response(problem.body, status=problem.status, headers=problem.headers)


def _in_terms_of_framework(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    return exceptions.ParseError() if isinstance(error, SuspiciousOperation) else error


def _of_framework(error: Exception) -> Problem | None:
    error = _in_terms_of_framework(error)
    if not isinstance(error, exceptions.APIException):
        return None
    code = error.default_code
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Problem(error.status_code, code.replace("_", "-"), _SENTENCES.get(code, error.detail), headers=headers)


def _of_diagnosis(error: Exception) -> Problem | None:
    match error:
        case AnswerHidden():
            sentence = _("This answer is hidden from you until you have read the radiograph.")
            return Problem(HTTPStatus.FORBIDDEN, "answer-hidden", sentence)
        case AdditionRefused() | ReportRefused():
            return Problem(HTTPStatus.CONFLICT, "refused", error_text(error))
        case ReportUnavailable():
            status = HTTPStatus.NOT_FOUND if error.code == MISSING else HTTPStatus.INTERNAL_SERVER_ERROR
            return Problem(status, error.code, error_text(error))
        case DiagnosisError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error_text(error))
        case FileNotFoundError():
            sentence = _(
                "The site knows this radiograph, but its file is no longer in the storage. Tell your administrator, "
                "who may have a copy; the answer and all details stay."
            )
            return Problem(HTTPStatus.NOT_FOUND, "file-missing", sentence)
    return None
