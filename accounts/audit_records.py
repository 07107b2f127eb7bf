"""Signing in and out, as the audit records it. Receivers of Django's signals, and what the lock-out calls."""

import logging
from typing import Any

from django.http import HttpRequest

from accounts.models import User
from accounts.normalise import normalised
from audit.models import Action
from audit.services import name_hash, record

logger = logging.getLogger(__name__)

WITH_SECOND_FACTOR, WITHOUT_SECOND_FACTOR = "with-second-factor", "without-second-factor"
"""`signed_in_outside` of a person whom an identity provider let in."""


def sign_in_record(sender: object, request: HttpRequest, user: User, **_signal: Any) -> None:
    """No one is signed in without an entry: where it cannot be written, the new session ends at once."""
    try:
        outside = getattr(user, "signed_in_outside", "")
        has_code = getattr(user, "otp_device", None) is not None or outside == WITH_SECOND_FACTOR
        detail = {"second_factor": has_code} | ({"outside": True} if outside else {})
        record(Action.SIGNED_IN, actor=user, subject=user, detail=detail)
    except Exception:
        request.session.flush()
        raise


def sign_out_record(sender: object, user: User | None, token: object = None, **_signal: Any) -> None:
    """The one exception: signing out works whether or not it can be recorded."""
    if user is None:
        return
    try:
        record(Action.SIGNED_OUT, actor=user, subject=user, detail={"token": token} if token else {})
    except Exception:
        logger.exception("signing out of %s could not be recorded in the audit", user.uuid)


def failure_record(request: HttpRequest, name: str) -> None:
    """A wrong password, and the lock-out where this one led to it. The name itself, which may be anything, is not kept.

    Whether somebody has this name costs the same query either way.
    """
    person = User.objects.filter(username_key=normalised(name)).first()
    is_locked_out = getattr(request, "axes_locked_out", False)
    for action in [Action.SIGN_IN_FAILED, *([Action.LOCKED_OUT] if is_locked_out else [])]:
        record(action, actor=None, subject=person, detail={"name": name_hash(name), "step": "password"})


def wrong_code_record(person: User) -> None:
    """A wrong code, or one too early, after the right password."""
    record(Action.SIGN_IN_FAILED, actor=None, subject=person, detail={"step": "code"})
