"""Between password and code: the session notes for some minutes that the first step was right; no one is signed in."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode

from accounts.clock import machine_moment, seconds_since
from accounts.models import User

PENDING = "second_factor_pending"
PENDING_SECONDS = 300


def second_step(request: HttpRequest, person: User, following: str) -> HttpResponse:
    """To the page that asks for the code. `person.backend` is what let the person through the first step."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "person": person.pk,
        "hash": person.get_session_auth_hash(),
        "backend": person.backend,
        "since": [time.time(), machine_moment()],
    }
    return redirect(f"{reverse('accounts:sign-in-code')}?{urlencode({'next': following})}")


def person_pending(request: HttpRequest) -> User | None:
    """Who came through the first step in this browser, while neither account nor password has changed since."""
    pending = request.session.get(PENDING)
    if not pending or seconds_since(*pending["since"]) > PENDING_SECONDS:
        return None
    person = User.objects.filter(pk=pending["person"], status=User.Status.ACTIVE).first()
    is_same = person and constant_time_compare(person.get_session_auth_hash(), pending["hash"])
    return person if is_same else None
