"""AccountEvent: one line of an account's history."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


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
        LINKED = "linked", _("Linked with the hospital's sign-in")
        RECOVERY_CODES = "recovery-codes", _("Recovery codes renewed")

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="events", verbose_name=_("person"))
    actor = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
        help_text=_("Empty: from the command line."),
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
