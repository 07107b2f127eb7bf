"""Session timeout: how long a person stays signed in, and where people who are not signed in are sent."""

import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.clock import machine_moment, seconds_since
from accounts.typed import TYPED, typed_keep

OUTSIDE_FACTOR = "outside_second_factor"
"""In the session: that the hospital's identity provider saw a second factor."""
SIGNED_IN, SEEN = "signed_in_at", "seen_at"
_LONG_OVER = -(10**9)
_FRESH_SECONDS = 600
_SAVED_EVERY_SECONDS = 60  # a request in between is not worth a write to the database


def start_clock(sender: object, request: HttpRequest, **_signal: Any) -> None:
    """At signing in (Django's signal)."""
    _note(request, SIGNED_IN)
    _note(request, SEEN)


def note_activity(request: HttpRequest) -> None:
    _note(request, SEEN)


def _note(request: HttpRequest, name: str) -> None:
    """By both clocks: see `accounts.clock`."""
    request.session[name] = time.time()
    request.session[f"{name}_by_machine"] = machine_moment()


def _passed(request: HttpRequest, name: str) -> float:
    """Seconds since then; none where nothing was noted."""
    noted = request.session.get(name)
    return 0 if noted is None else seconds_since(noted, request.session.get(f"{name}_by_machine"))


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person signed in within the last minutes."""
    return SIGNED_IN in request.session and _passed(request, SIGNED_IN) <= _FRESH_SECONDS


def seconds_left(request: HttpRequest) -> int:
    """Until the session ends if nothing more is done; negative where it should have ended."""
    idle = settings.SESSION_IDLE_MINUTES * 60 - _passed(request, SEEN)
    whole = settings.SESSION_COOKIE_AGE - _passed(request, SIGNED_IN)
    return int(max(_LONG_OVER, min(idle, whole)))  # the clock may say that it is infinitely long over


class SessionTimeoutMiddleware(MiddlewareMixin):
    """Signs a person out after SESSION_IDLE_MINUTES without activity, and SESSION_HOURS after signing in.

    It comes before SignInRequiredMiddleware and asks nothing of the database for pages that everybody may see.
    """

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, keywords: Any) -> None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return
        if seconds_left(request) <= 0:
            typed = request.session.get(TYPED)
            logout(request)
            if typed:
                request.session[TYPED] = typed
            messages.info(request, _("You were signed out after a time without activity. Please sign in again."))
        elif getattr(view, "counts_as_activity", True) and _is_stale(request):
            note_activity(request)


def _is_stale(request: HttpRequest) -> bool:
    most = min(_SAVED_EVERY_SECONDS, settings.SESSION_IDLE_MINUTES * 6)
    return SEEN not in request.session or _passed(request, SEEN) > most


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's own. After signing in one returns to the page of a form, not to the address that only takes its POST."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseRedirect:
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        typed_keep(request)
        return redirect_to_login(_page_of_form(request))


def _page_of_form(request: HttpRequest) -> str:
    page = urlsplit(request.META.get("HTTP_REFERER", ""))
    is_ours = url_has_allowed_host_and_scheme(page.geturl(), {request.get_host()}, require_https=request.is_secure())
    return page._replace(scheme="", netloc="").geturl() if is_ours and page.netloc else reverse("diagnosis:home")


class SecondFactorMiddleware(MiddlewareMixin):
    """Leads an administrator without a second factor to setting one up, and nowhere else."""

    ALLOWED = frozenset(
        {"accounts:second-factor", "accounts:second-factor-set-up", "accounts:recovery-codes", "accounts:sign-out"}
    )

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, keywords: Any) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None
        person: Any = request.user
        if not person.needs_second_factor or person.is_verified() or request.session.get(OUTSIDE_FACTOR):
            return None
        is_allowed = request.resolver_match and request.resolver_match.view_name in self.ALLOWED
        return None if is_allowed else redirect("accounts:second-factor-set-up")
