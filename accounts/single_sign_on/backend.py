"""Tokens of the identity provider: fetched and checked by mozilla-django-oidc, issuer and audience here."""

from __future__ import annotations

import time
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from accounts.models import User
from accounts.outside import OutsidePerson
from accounts.single_sign_on.claims import Claims, has_second_factor, outside_person

_LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"
_FRESH_SECONDS = 300


class ProviderBackend(OIDCAuthenticationBackend):
    """Signs people in by `answered` only: a password that is tried at the sign-in page never comes here."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        return None

    def answered(self, request: HttpRequest, *, nonce: str, code_verifier: str | None) -> tuple[OutsidePerson, bool]:
        """Who came back from the provider, and whether with a second factor.

        Raises LetInNowhere, SuspiciousOperation (a token that is wrong), jwt.PyJWTError, requests.RequestException.
        """
        found = super().authenticate(request, nonce=nonce, code_verifier=code_verifier)
        if not isinstance(found, tuple):
            raise SuspiciousOperation("the identity provider's answer has no code")
        return found

    def get_or_create_user(self, access_token: str, id_token: str, payload: Claims) -> tuple[OutsidePerson, bool]:
        """Called by the library after the token was verified."""
        about = self.get_userinfo(access_token, id_token, payload)
        return outside_person(payload, about), has_second_factor(payload)

    def verify_token(self, token: str, **kwargs: Any) -> Claims:
        payload: Claims = super().verify_token(token, **kwargs)
        _check_meant_for_us(payload)
        return payload

    def logged_out_subject(self, token: str) -> str:
        """The subject of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Raises as `answered`."""
        key = self.OIDC_RP_IDP_SIGN_KEY or self.retrieve_matching_jwk(token)
        payload: Claims = self.get_payload_data(token, key)
        _check_meant_for_us(payload)
        events, age = payload.get("events"), time.time() - float(payload.get("iat", 0))
        is_logout = isinstance(events, dict) and _LOGGED_OUT in events and "nonce" not in payload
        if not is_logout or abs(age) > _FRESH_SECONDS or not isinstance(payload.get("sub"), str):
            raise SuspiciousOperation("not a logout token of now for a subject")
        return str(payload["sub"])

    def get_user(self, user_id: int) -> User | None:
        """Only while active: the library's own lets anybody."""
        return ModelBackend.get_user(self, user_id)


def _check_meant_for_us(payload: Claims) -> None:
    """Signed by the provider is not enough: it signs tokens for others too."""
    audience = payload.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if payload.get("iss") != settings.OIDC_OP_ISSUER:
        raise SuspiciousOperation("the token is another issuer's")
    if settings.OIDC_RP_CLIENT_ID not in audiences:
        raise SuspiciousOperation("the token is for another client")
    if payload.get("azp", settings.OIDC_RP_CLIENT_ID) != settings.OIDC_RP_CLIENT_ID:
        raise SuspiciousOperation("the token was given to another client")
    if "exp" not in payload and "events" not in payload:
        raise jwt.MissingRequiredClaimError("exp")
