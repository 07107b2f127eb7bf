"""Pages, and answers for programs, for what went wrong: 400, 403, 404, 413, 429, 500, 503, 507."""

import errno
import logging
import sys
from http import HTTPStatus

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.appearance import theme_of
from accounts.hashing import HashingBusy
from accounts.lockout import Credentials, locked_until
from api.problems import is_for_api, problem

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "30"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
"""The disk is full, or what the site may use of it."""
NO_ACCESS = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.EBUSY)
"""The storage cannot be written or read: mounted to be read only, with wrong rights, broken, too busy, or gone."""


def request_too_large(request: HttpRequest) -> HttpResponse:
    """413: more was sent than one upload may hold."""
    megabytes = settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2
    if is_for_api(request):
        sentence = _("One upload may hold %(limit_megabytes)s MB. Nothing was stored. Choose a smaller file.")
        return problem(413, "too-large", sentence % {"limit_megabytes": megabytes})
    return render(request, "413.html", {"limit_megabytes": megabytes}, status=413)


def locked_out(request: HttpRequest, _refused: HttpResponse | None, credentials: Credentials) -> HttpResponse:
    """429 in the same words whether there is such a person or not."""
    until = locked_until(request, credentials)
    seconds = max(1, int((until - timezone.now()).total_seconds()))
    if is_for_api(request):
        sentence = _(
            "Signing in with this user name, or from this place, is locked until %(time)s at the latest. Attempts "
            "are ignored until then and do not make it longer."
        ) % {"time": time_format(timezone.localtime(until), "H:i")}
        return problem(HTTPStatus.TOO_MANY_REQUESTS, "locked-out", sentence, retry_after=seconds)
    response = render(request, "accounts/locked_out.html", {"until": until}, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(seconds)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _told(request, HTTPStatus.BAD_REQUEST)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _told(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _told(request, HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an error that was not caught: 503 without database or storage, 507 on a full disk, else 500.

    Its templates use neither the database nor more of the request than a cookie: both may be what failed.
    """
    status = _status_of(sys.exc_info()[1])
    response = _told(request, status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def _status_of(error: BaseException | None) -> HTTPStatus:
    if isinstance(error, OperationalError | InterfaceError | HashingBusy):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, OSError) and error.errno in NO_ACCESS:
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return HTTPStatus.INSUFFICIENT_STORAGE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _told(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """A page for a person, and the same words for a program.

    Django's own views for these look for a CSRF token in the form, which may be just what was wrong: a 500.
    """
    if is_for_api(request):
        code, sentence = _FOR_PROGRAMS[status]
        return problem(status, code, sentence)
    return HttpResponse(render_to_string(f"{status:d}.html", {"theme": theme_of(request)}), status=status)


_FOR_PROGRAMS = {
    HTTPStatus.BAD_REQUEST: ("parse-error", gettext_lazy("This request could not be understood")),
    HTTPStatus.FORBIDDEN: ("permission-denied", gettext_lazy("You have no access to this page")),
    HTTPStatus.NOT_FOUND: ("not-found", gettext_lazy("There is no such page")),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "unavailable",
        gettext_lazy(
            "Its database or its storage is not available, or too many people are using it at once. "
            "Try again in half a minute."
        ),
    ),
    HTTPStatus.INSUFFICIENT_STORAGE: (
        "storage-full",
        gettext_lazy("Nothing was stored. Tell your administrator that the disk has no space left, then upload again."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "fault",
        gettext_lazy(
            "Nothing was stored, and the fault is in the log. Try again; if it happens again, tell your "
            "administrator when it happened."
        ),
    ),
}
