"""Lock-out of an account after wrong passwords (brute force). django-axes counts; this is what it counts by."""

from datetime import datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit_records import failure_record
from accounts.models import User
from accounts.normalise import normalised

_LONGEST_NAME = 255
Credentials = dict[str, Any] | None


def counted_name(request: HttpRequest, credentials: Credentials = None) -> str:
    """The user name as failures are counted: `Alice`, `alice` and full-width letters are one."""
    typed = (credentials or {}).get("username") or request.POST.get("username") or ""
    return normalised(typed, _LONGEST_NAME)[:_LONGEST_NAME]


class LockoutHandler(AxesDatabaseHandler):
    """Axes' own, with a higher limit for an address than for a name: a whole hospital may share one address."""

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        by_name, by_address = (_failures(attempts) for attempts in self.get_user_attempts(request, credentials))
        return max(by_name, by_address if by_address >= settings.LOCKOUT_ADDRESS_FAILURES else 0)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Count it and record it in the audit; not those that come while it is locked, which are refused unread."""
        was_locked_out = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request and not was_locked_out:
            failure_record(request, counted_name(request, credentials))

    def reset_user_attempts(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Forget the failures of that name only: who owns one account must not win more tries at the others."""
        return self.reset_attempts(username=get_client_username(request, credentials))


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
