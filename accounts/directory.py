"""Signing in with a name and a password of the hospital's LDAP directory. Loaded where LDAP_SERVER is set, only.

django-auth-ldap looks the person up and lets the directory judge the password; who the person is here, says
`accounts.outside`, by the entry's own identifier. Local accounts come first and stay.
"""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_auth_ldap.backend import LDAPBackend, ldap_error

from accounts.audit_records import WITHOUT_SECOND_FACTOR
from accounts.lockout import try_take_back
from accounts.models import User
from accounts.outside import LetInNowhere, OutsidePerson, person_from_outside, refusal_record

ISSUER = "ldap"


class DirectoryBackend(LDAPBackend):
    """After the local accounts. A right password takes its try back, whether or not the person is let in."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Raises LetInNowhere."""
        if username is None:
            return None
        try:
            person = cast("User | None", super().authenticate(request, username=username, password=password, **kwargs))
        except LetInNowhere as error:
            try_take_back(request)
            refusal_record(error, step="directory")
            raise
        if person is not None:
            try_take_back(request)
        return person

    def get_or_build_user(self, username: str, ldap_user: Any) -> tuple[User, bool]:
        """Called by the library once the directory has taken the password."""
        person = person_from_outside(_outside(ldap_user))
        person.signed_in_outside = WITHOUT_SECOND_FACTOR  # type: ignore[attr-defined]
        return person, False

    def get_user(self, user_id: int) -> User | None:
        person = User.objects.filter(pk=user_id).first()
        return person if person and person.is_active else None


@receiver(ldap_error)
def directory_is_away(exception: Exception, **_signal: Any) -> None:
    """A directory that does not answer is no wrong password."""
    raise LetInNowhere(
        _("Your hospital's directory cannot be asked at the moment. Please try again later."), "directory-away"
    ) from exception


def _outside(ldap_user: Any) -> OutsidePerson:
    def first(name: str) -> str:
        found = ldap_user.attrs.get(name) or [""]
        return found[0].hex() if isinstance(found[0], bytes) else str(found[0]).strip()

    groups = {dn.casefold() for dn in ldap_user.group_dns}
    attribute = settings.LDAP_INSTITUTION_ATTRIBUTE
    return OutsidePerson(
        issuer=ISSUER,
        subject=first(settings.LDAP_SUBJECT_ATTRIBUTE),
        username=first(settings.LDAP_USERNAME_ATTRIBUTE),
        email=first("mail"),
        first_name=first("givenName"),
        last_name=first("sn"),
        institution=first(attribute) if attribute else settings.LDAP_INSTITUTION,
        is_radiographer=settings.LDAP_RADIOGRAPHER_GROUP.casefold() in groups,
        is_staff=settings.LDAP_ADMINISTRATOR_GROUP.casefold() in groups,
    )
