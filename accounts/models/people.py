"""User: a registered person, with roles, status and what every session is checked against."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models.institutions import Institution, check_key
from accounts.normalise import FoundByField, NormalisedField, normalised


class UserManager(DjangoUserManager["User"]):
    """Finds people by name whatever the letter case, on every database."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username_key=normalised(username or ""))

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        """As Django's, which gives its command's institution by its number."""
        if "institution" in fields and not isinstance(fields["institution"], Institution):
            fields["institution_id"] = fields.pop("institution")
        return super().create_superuser(username, email, password, **fields)

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
        _("show the heat map by default"),
        default=True,
        help_text=_("You can still switch it on or off for each radiograph."),
    )
    reads_blind = models.BooleanField(
        _("blind reading"),
        default=False,
        help_text=_("The model's answer is shown only after you have read the radiograph yourself."),
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
        check_key(self, source="username", message=_("A person with this user name exists already."))
        check_key(self, source="email", message=_("A person with this e-mail address exists already."))

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def needs_second_factor(self) -> bool:
        """Whether the person administers, where that takes a second factor: one rule for pages and for the API."""
        return bool(settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS and (self.is_staff or self.is_superuser))

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """As Django's, of the epoch as well: a session lives no longer than its person's password and epoch."""
        value = f"{self.session_epoch}:{self.password}"
        # The first argument is a constant and no path: to change it would end every session.
        return salted_hmac("accounts.models.User.session", value, secret=secret, algorithm="sha256").hexdigest()
