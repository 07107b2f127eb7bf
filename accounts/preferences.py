"""A person's time zone and language: what there is to choose from, and the middleware that puts them in force."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User

Choices = list[tuple[Any, Any]]


def time_zone_choices() -> Choices:
    """Every zone that is named after a place, by continent, and UTC; first of all the site's own."""
    places: dict[str, Choices] = {}
    for name in sorted(available_timezones()):
        continent, _slash, place = name.partition("/")
        if place and continent not in ("Etc", "SystemV", "US"):
            places.setdefault(continent, []).append((name, place.replace("_", " ")))
    site = _("The site's: %(zone)s") % {"zone": settings.TIME_ZONE}
    return [("", site), ("UTC", "UTC"), *((continent, zones) for continent, zones in places.items())]


def language_choices() -> Choices:
    """The site's languages, each in its own words; first of all the browser's."""
    own = [(code, translation.get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
    return [("", _("The browser's")), *own]


def zone_of(user: User) -> tzinfo | None:
    """The person's own time zone; None for the site's, also where the chosen one is no longer known here."""
    if not user.time_zone:
        return None
    try:
        return ZoneInfo(user.time_zone)
    except (KeyError, OSError, ValueError):
        return None


class PreferencesMiddleware:
    """Times and words as the person chose them, for the length of one request.

    It comes after LoginRequiredMiddleware. A page that needs no one asks the database only for a browser with a
    session, and a health check for none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(None):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, keywords: Any) -> None:
        is_open = not getattr(view, "login_required", True)
        if is_open and (request.session.session_key is None or _is_health_check(request)):
            return
        if not isinstance(request.user, User):
            return
        preferences_activate(request.user)


def _is_health_check(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name in ("healthz", "readyz")


def preferences_activate(user: User) -> None:
    """Put the person's time zone and language in force for the rest of a request."""
    timezone.activate(zone_of(user) or timezone.get_default_timezone())
    if user.language in dict(settings.LANGUAGES):
        # LocaleMiddleware, further out, chose the browser's language and chooses anew at the next request.
        translation.activate(user.language)
