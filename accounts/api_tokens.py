"""Signing in and out of the API: making, finding and ending tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import lockout
from accounts.audit_records import sign_out_record
from accounts.models import ApiToken, User
from audit.models import Action
from audit.services import record

KEYWORD = "Bearer"
_BYTES = 32


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def token_create(*, person: User, has_second_factor: bool) -> tuple[str, ApiToken]:
    """Sign a program in in the person's name. Returns the token, which is told once and kept nowhere, and its row.

    The person's failures are forgotten, as after any sign-in, and tokens that have expired are deleted.
    No one is signed in without an entry in the audit.
    """
    key, now = secrets.token_urlsafe(_BYTES), timezone.now()
    ApiToken.objects.expired(now).delete()
    token = ApiToken.objects.create(
        person=person,
        digest=_digest(key),
        session_hash=person.get_session_auth_hash(),
        has_second_factor=has_second_factor,
        created=now,
        expires=now + timedelta(hours=settings.API_TOKEN_HOURS),
    )
    User.objects.filter(pk=person.pk).update(last_login=now)
    lockout.forget_failures(person)
    detail = {"second_factor": has_second_factor, "token": token.uuid}
    record(Action.SIGNED_IN, actor=person, subject=person, detail=detail)
    return key, token


def token_end(*, token: ApiToken) -> None:
    """Sign out. As on the pages, signing out works whether or not it can be recorded."""
    token.delete()
    sign_out_record(None, token.person, token=token.uuid)


def token_in_force(key: str) -> ApiToken | None:
    """The token, with its person and institution, if it lets somebody in now."""
    tokens = ApiToken.objects.select_related("person__institution")
    token = tokens.filter(digest=_digest(key)).first()
    return token if token and token.is_in_force else None


def bears_token(request: HttpRequest) -> bool:
    """Whether the request's header holds a token that lets somebody in."""
    keyword, _space, key = request.headers.get("Authorization", "").partition(" ")
    return keyword.lower() == KEYWORD.lower() and token_in_force(key.strip()) is not None
