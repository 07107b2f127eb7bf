"""What was typed into a form when the session ended: kept until the same person signs in again in this browser.

It waits in the session of the browser, under the address of the form, with the person into whose page it was typed:
the page has that person signed. Whoever else signs in there never gets it; signing in drops it.
"""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from accounts.models import User

FIELD = "typed_by"
MOST_BYTES = 64 * 1024
MOST_FORMS = 5
KEPT_SECONDS = 12 * 3600
TYPED, _SALT = "typed", "accounts.typed"
_NEVER = {FIELD, "csrfmiddlewaretoken", "address"}


def person_signed(user: User) -> str:
    """For a hidden field of a form: who is signed in while it is shown."""
    return signing.dumps(str(user.uuid), salt=_SALT)


def typed_keep(request: HttpRequest) -> None:
    """Keep what was posted to a form whose session had ended. Nothing of a form that no one was signed in to see."""
    if request.content_type == "application/x-www-form-urlencoded" and _length(request) <= MOST_BYTES:
        typed_add(request, request.path, request.POST)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() else MOST_BYTES + 1


def typed_add(request: HttpRequest, address: str, posted: QueryDict) -> None:
    """Keep values under the address that their form posts to, for the person who had the form signed."""
    try:
        person = signing.loads(posted.get(FIELD, ""), salt=_SALT, max_age=2 * KEPT_SECONDS)
    except signing.BadSignature:
        return
    values = {name: found for name, found in posted.lists() if name not in _NEVER}
    kept = dict(list(request.session.get(TYPED, {}).items())[1 - MOST_FORMS :])
    kept[address] = {"person": person, "at": time.time(), "values": values}
    request.session[TYPED] = kept


def typed_of_person_only(sender: object, request: HttpRequest, user: User, **_signal: Any) -> None:
    """At signing in (Django's signal): what somebody else typed goes."""
    kept = request.session.get(TYPED)
    if kept is not None:
        request.session[TYPED] = {address: one for address, one in kept.items() if one["person"] == str(user.uuid)}


def typed_restore(request: HttpRequest, address: str, *found: forms.Form) -> None:
    """Put into the forms of this address what the person had typed into them, once, and say so."""
    if request.method != "GET" or (values := _taken(request, address)) is None:
        return
    for form in found:
        for name, field in form.fields.items():
            if typed := values.get(form.add_prefix(name)):
                form.initial[name] = typed if isinstance(field, forms.MultipleChoiceField) else typed[-1]
        form.is_restored = True  # type: ignore[attr-defined]
    messages.info(request, _("What you had typed before you were signed out is here again. Check it, then save it."))


def _taken(request: HttpRequest, address: str) -> dict[str, list[str]] | None:
    """What is kept for the address, where it is of the person who is signed in now. It is kept no longer."""
    if address not in request.session.get(TYPED, {}):
        return None
    kept = dict(request.session[TYPED])
    one = kept.pop(address)
    request.session[TYPED] = kept
    if one["person"] != str(getattr(request.user, "uuid", "")) or time.time() - one["at"] > KEPT_SECONDS:
        return None
    values: dict[str, list[str]] = one["values"]
    return values
