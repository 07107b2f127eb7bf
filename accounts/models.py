"""Institutions, and the people who belong to them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar, cast

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.normalise import NormalisedField, normalised

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class Institution(models.Model):
    """A hospital or practice. What one stores, another never sees."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=150)
    name_key = NormalisedField(source="name", max_length=200)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        _check_key(self, source="name", message=_("An institution with this name exists already."))


class UserManager(DjangoUserManager["User"]):
    """Finds people by name whatever the letter case, on every database."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username_key=normalised(username or ""))


class User(AbstractUser):
    """A registered person.

    `is_staff` is the administrator's role: accounts, institutions, models. `is_radiographer` is the clinical role:
    radiographs and results of the person's own institution. A person may hold both, and neither implies the other.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="users", verbose_name=_("institution")
    )
    email = models.EmailField(_("e-mail address"))
    is_staff = models.BooleanField(
        _("administrator"), default=False, help_text=_("Manages accounts and institutions; sees no radiograph.")
    )
    is_radiographer = models.BooleanField(
        _("radiographer"), default=False, help_text=_("Uploads radiographs and sees the institution's results.")
    )
    shows_heat_map = models.BooleanField(
        _("show the heat map at first"),
        default=True,
        help_text=_("It can be switched on and off beside every radiograph, whatever stands here."),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Empty: that of the site."))
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: that of the browser."))
    username_key = NormalisedField(source="username", max_length=200)
    email_key = NormalisedField(source="email", max_length=254)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "institution"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        abstract = False

    def clean(self) -> None:
        super().clean()
        _check_key(self, source="username", message=_("A person with this user name exists already."))
        _check_key(self, source="email", message=_("A person with this e-mail address exists already."))

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


def _check_key(row: models.Model, *, source: str, message: StrPromise) -> None:
    """Refuse in a form, with a sentence beside its field, what the database would refuse with an error."""
    field = cast("NormalisedField", row._meta.get_field(f"{source}_key"))
    key = normalised(getattr(row, source) or "")  # a form leaves None where it has refused the value itself
    if len(key) > (field.max_length or 0):
        raise ValidationError({source: _("This is too long.")})
    if type(row)._default_manager.filter(**{field.name: key}).exclude(pk=row.pk).exists():
        raise ValidationError({source: message})
