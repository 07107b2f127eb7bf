"""What an ID token and the answer about a person say, as an OutsidePerson: groups → roles, claim → institution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.outside import LetInNowhere, OutsidePerson

Claims = Mapping[str, Any]
_FEW = 2000
"""Groups beyond so many are not looked at."""


def outside_person(token: Claims, about: Claims) -> OutsidePerson:
    """token: of the ID token, whose signature, issuer and audience are right. about: of the userinfo endpoint.

    Raises LetInNowhere where the two are of different people.
    """
    if about.get("sub") != token.get("sub") or not isinstance(token.get("sub"), str):
        raise LetInNowhere(_("Your hospital's sign-in contradicts itself. Ask your IT."), "subject")
    claims = {**about, **token}
    groups = set(_texts(claims.get(settings.OIDC_GROUPS_CLAIM)))
    return OutsidePerson(
        issuer=settings.OIDC_OP_ISSUER,
        subject=token["sub"],
        username=_text(claims, settings.OIDC_USERNAME_CLAIM),
        email="" if claims.get("email_verified") is False else _text(claims, "email"),
        first_name=_text(claims, "given_name"),
        last_name=_text(claims, "family_name"),
        institution=_institution(claims),
        is_radiographer=not groups.isdisjoint(settings.OIDC_RADIOGRAPHER_GROUPS),
        is_staff=not groups.isdisjoint(settings.OIDC_ADMINISTRATOR_GROUPS),
    )


def has_second_factor(token: Claims) -> bool:
    """Whether the provider signs that a second factor was used: by `amr` (RFC 8176) or by `acr`."""
    methods = not set(_texts(token.get("amr"))).isdisjoint(settings.OIDC_SECOND_FACTOR_AMR)
    return methods or token.get("acr") in settings.OIDC_SECOND_FACTOR_ACR


def _institution(claims: Claims) -> str:
    claim = settings.OIDC_INSTITUTION_CLAIM
    return _text(claims, claim) if claim else str(settings.OIDC_INSTITUTION)


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> Iterable[str]:
    """A list of texts; a single text counts as one."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several[:_FEW] if isinstance(one, str)]
