"""Institutions, and the people who belong to them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.api.models import ApiToken, ApiUse  # noqa: F401 - Django finds every model here
from accounts.normalise import FoundByField, NormalisedField, normalised

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

    def administrators(self) -> models.QuerySet[User]:
        """Those who can administer now."""
        return self.filter(is_staff=True, status=User.Status.ACTIVE)


class User(AbstractUser):
    """A registered person.

    `is_staff` is the administrator's role: accounts, institutions, models. `is_radiographer` is the clinical role:
    radiographs and results of the person's own institution. A person may hold both, and neither implies the other.

    `is_active` says the same as `status`, for Django's sign-in, which reads it at every request.
    """

    class Status(models.TextChoices):
        INVITED = "invited", _("Invited")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        CLOSED = "closed", _("Closed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="users", verbose_name=_("institution")
    )
    email = models.EmailField(_("e-mail address"))
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.ACTIVE, editable=False, db_index=True
    )
    invitations = models.PositiveIntegerField(_("invitations sent"), default=0, editable=False)
    # Part of what every session is checked against: adding one ends them all, for good.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
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
    reads_blind = models.BooleanField(
        _("blind reading"),
        default=False,
        help_text=_("The model's answer about a radiograph is shown only after your own reading of it."),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Empty: that of the site."))
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: that of the browser."))
    username_key = NormalisedField(source="username", max_length=200)
    email_key = NormalisedField(source="email", max_length=254)
    name_key = FoundByField(source="first_name last_name")

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "institution"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_active=True, status="active")
                | models.Q(is_active=False, status__in=["invited", "suspended", "closed"]),
                name="only_active_people_are_active",
            ),
        ]

    def clean(self) -> None:
        super().clean()
        _check_key(self, source="username", message=_("A person with this user name exists already."))
        _check_key(self, source="email", message=_("A person with this e-mail address exists already."))

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """As Django's, of the epoch as well: a session lives no longer than its person's password and epoch."""
        value = f"{self.session_epoch}:{self.password}"
        return salted_hmac("accounts.models.User.session", value, secret=secret, algorithm="sha256").hexdigest()


class AccountEvent(models.Model):
    """One line of an account's history: who did what to it, when, and why. Added, never changed."""

    class Kind(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        INVITED = "invited", _("Invited")
        ACCEPTED = "accepted", _("Invitation accepted")
        CHANGED = "changed", _("Details or roles changed")
        SUSPENDED = "suspended", _("Suspended")
        REACTIVATED = "reactivated", _("Reactivated")
        CLOSED = "closed", _("Closed")
        UNLOCKED = "unlocked", _("Sign-in unlocked")
        PASSWORD = "password", _("Password set")
        SECOND_FACTOR_ON = "second-factor-on", _("Second factor set up")
        SECOND_FACTOR_OFF = "second-factor-off", _("Second factor removed")
        RECOVERY_CODES = "recovery-codes", _("Recovery codes renewed")

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="events", verbose_name=_("person"))
    actor = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
        help_text=_("Nobody: from the command line."),
    )
    created = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    kind = models.CharField(_("what"), max_length=20, choices=Kind)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("account event")
        verbose_name_plural = _("account events")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.get_kind_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("a line of an account's history is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("a line of an account's history is never deleted")


def _check_key(row: models.Model, *, source: str, message: StrPromise) -> None:
    """Refuse in a form, with a sentence beside its field, what the database would refuse with an error."""
    field = cast("NormalisedField", row._meta.get_field(f"{source}_key"))
    key = normalised(getattr(row, source) or "")  # a form leaves None where it has refused the value itself
    if len(key) > (field.max_length or 0):
        raise ValidationError({source: _("This is too long.")})
    if type(row)._default_manager.filter(**{field.name: key}).exclude(pk=row.pk).exists():
        raise ValidationError({source: message})
