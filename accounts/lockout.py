"""Lock-out of an account after wrong passwords (brute force). django-axes counts; this is what it counts by."""

from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username, get_cool_off, get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F, Max, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit_records import failure_record
from accounts.models import User
from accounts.normalise import normalised

_LONGEST_NAME = 255
CLOCK_TOLERANCE = timedelta(minutes=1)
"""A try that lies further in the future tells of a clock that was set back, and would else lock out until then."""
Credentials = dict[str, Any] | None


def counted_name(request: HttpRequest, credentials: Credentials = None) -> str:
    """The user name as failures are counted: `Alice`, `alice` and full-width letters are one."""
    typed = (credentials or {}).get("username") or request.POST.get("username") or ""
    return normalised(typed, _LONGEST_NAME)[:_LONGEST_NAME]


class AxesRequest(HttpRequest):
    """What django-axes and `try_count` note in a request."""

    axes_locked_out: bool
    axes_failures_since_start: int | None
    axes_credentials: Credentials
    axes_ip_address: str | None
    axes_user_agent: str
    axes_http_accept: str
    axes_path_info: str
    axes_attempt_time: datetime
    counted_try: int


class LockoutHandler(AxesDatabaseHandler):
    """Axes' own, with a higher limit for an address than for a name: a whole hospital may share one address."""

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        by_name, by_address = (_failures(attempts) for attempts in self.get_user_attempts(request, credentials))
        return max(by_name, by_address if by_address >= settings.LOCKOUT_ADDRESS_FAILURES else 0)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: AxesRequest | None = None, **kwargs: Any
    ) -> None:
        """Record it in the audit; it was counted before the password was looked at (`try_count`).

        Not those that come while it is locked, which are refused unread.
        """
        if request is None or request.axes_locked_out:
            super().user_login_failed(sender, credentials, request, **kwargs)
            return
        request.axes_failures_since_start = self.get_failures(request, credentials)
        if request.axes_failures_since_start >= get_failure_limit(request, credentials):
            request.axes_locked_out, request.axes_credentials = True, credentials
        failure_record(request, counted_name(request, credentials))

    def reset_user_attempts(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Forget the failures of that name only: who owns one account must not win more tries at the others."""
        return self.reset_attempts(username=get_client_username(request, credentials))


def try_count(request: AxesRequest, credentials: Credentials) -> None:
    """Count one try of a password that is about to be looked at; of earlier ones those that are over are deleted."""
    handler = AxesProxyHandler.get_implementation()
    handler.clean_expired_user_attempts(request, credentials)
    AccessAttempt.objects.filter(attempt_time__gt=timezone.now() + CLOCK_TOLERANCE).update(attempt_time=timezone.now())
    attempt, is_new = AccessAttempt.objects.get_or_create(
        username=counted_name(request, credentials),
        ip_address=request.axes_ip_address,
        user_agent=request.axes_user_agent,
        defaults={
            "http_accept": request.axes_http_accept,
            "path_info": request.axes_path_info,
            "attempt_time": request.axes_attempt_time,
            "failures_since_start": 1,
        },
    )
    if not is_new:
        again = {"failures_since_start": F("failures_since_start") + 1, "attempt_time": request.axes_attempt_time}
        AccessAttempt.objects.filter(pk=attempt.pk).update(**again)
    request.counted_try = attempt.pk


def try_take_back(request: HttpRequest | None) -> None:
    """The password was right, or it was not looked at."""
    counted = AccessAttempt.objects.filter(pk=getattr(request, "counted_try", None))
    counted.update(failures_since_start=F("failures_since_start") - 1)
    counted.filter(failures_since_start__lte=0).delete()


def _failures(attempts: QuerySet[AccessAttempt]) -> int:
    return attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0


def locked_until(request: HttpRequest, credentials: Credentials) -> datetime:
    """When the last failure that counts is forgotten: the lock ends then at the latest."""
    attempts = AxesProxyHandler.get_implementation().get_user_attempts(request, credentials)
    latest = max(filter(None, (each.aggregate(at=Max("attempt_time"))["at"] for each in attempts)), default=None)
    return (latest or timezone.now()) + get_cool_off(request)


def forget_failures(person: User) -> None:
    """Let the person try again at once."""
    AxesProxyHandler.reset_attempts(username=person.username_key[:_LONGEST_NAME])
