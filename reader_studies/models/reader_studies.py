"""ReaderStudy: its design, its state, and who may see it."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from accounts.scope import narrowed

MOST_DAYS = 365
NOBODYS = Q(pk=None)
"""Where radiographers see only their own radiographs, nobody may read a colleague's: no reader study is shown."""


class ReaderStudyQuerySet(models.QuerySet["ReaderStudy"]):
    def visible_to(self, user: User) -> Self:
        """Those that the person leads, and those that have begun and are read by the person. No colleague sees them."""
        read = ReaderStudy.objects.exclude(state=ReaderStudy.State.DRAFT).filter(readers__person=user)
        return narrowed(self, user, own=NOBODYS).filter(Q(leader=user) | Q(pk__in=read.values("pk")))

    def led_by(self, user: User) -> Self:
        return self.visible_to(user).filter(leader=user)


class ReaderStudy(models.Model):
    """Several readers, one set of cases. The cases are chosen and frozen while it is a draft."""

    class Design(models.TextChoices):
        """Whether readers see the model's answer, and in which order."""

        WITHOUT = "without", _("Without the model's answer")
        CROSSOVER = "crossover", _("Without and with the model's answer, in two sessions (crossover)")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    uuid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    leader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("leader")
    )
    name = models.CharField(_("name"), max_length=100)
    design = models.CharField(_("design"), max_length=10, choices=Design, default=Design.CROSSOVER)
    washout_days = models.PositiveSmallIntegerField(
        _("days between the two sessions"), default=28, validators=[MaxValueValidator(MOST_DAYS)]
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    opened = models.DateTimeField(_("opened"), null=True, editable=False)
    closed = models.DateTimeField(_("closed"), null=True, editable=False)
    filters = models.JSONField(_("filters that were used"), default=list, editable=False)
    """Names of filters and never their values, which may be a patient's name."""
    found = models.PositiveIntegerField(_("radiographs that matched"), default=0, editable=False)
    chosen = models.PositiveIntegerField(_("cases chosen"), default=0, editable=False)
    seed = models.BigIntegerField(_("seed of the draw"), default=0, editable=False)

    objects = ReaderStudyQuerySet.as_manager()

    class Meta:
        verbose_name = _("reader study")
        verbose_name_plural = _("reader studies")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reader_studies:study", args=[self.uuid])

    @property
    def is_crossover(self) -> bool:
        return self.design == self.Design.CROSSOVER

    @property
    def sessions(self) -> tuple[int, ...]:
        return (1, 2) if self.is_crossover else (1,)
