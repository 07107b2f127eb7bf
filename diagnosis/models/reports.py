"""Reports as they were printed, and when one is outdated and stops being valid. Part of `diagnosis.models`."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.scope import narrowed
from diagnosis.models.studies import Study

_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
_CODE_GROUPS, _CODE_GROUP = 4, 4
_MOST_TYPED = 60
CODE_LENGTH = _CODE_GROUPS * (_CODE_GROUP + 1) - 1


def new_verification_code() -> str:
    """Four groups of four letters and digits without look-alikes: 79 bits that cannot be guessed."""
    groups = ("".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_GROUP)) for _ in range(_CODE_GROUPS))
    return "-".join(groups)


def typed_verification_code(text: str) -> str:
    """A code as somebody typed it off paper (spaces for hyphens or none, lower case) in the form that is stored."""
    letters = "".join(each for each in text[:_MOST_TYPED].upper() if each.isalnum())
    return "-".join(letters[start : start + _CODE_GROUP] for start in range(0, len(letters), _CODE_GROUP))


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: User) -> Self:
        """Reports of the person's own institution, or of the own studies, for the clinical role only: `narrowed`."""
        own = Q(diagnosis__study__uploaded_by=user)
        return narrowed(self, user, own=own, institution="diagnosis__study__institution")

    def valid(self) -> Self:
        """Those that are `State.VALID`."""
        return self.filter(superseded_by=None, outdated=None)

    def of_study(self, study: Study) -> Self:
        return self.filter(diagnosis__study=study)

    def outdate(self) -> None:
        """Those of them that are valid are so no longer: something that they print has changed.

        Every change of a study calls this in the same transaction.
        """
        pks = list(self.valid().values_list("pk", flat=True))  # MySQL cannot update a table that the same query reads
        self.model.objects.filter(pk__in=pks).update(outdated=timezone.now())

    def listed(self) -> Self:
        """Newest first, with all that a line of a list reads."""
        return self.order_by("-pk").select_related("created_by")


class Report(models.Model):
    """A report as it was made, with the SHA-256 of its file. A later one of the same kind supersedes it.

    It is superseded, too, from the moment on at which something that it prints changed (`outdated`), whether a newer
    one has been made yet or not. Neither the row nor the file changes: only that it was superseded is added. Both go
    with their patient, and an `ErasedReport` stays.
    """

    class State(models.TextChoices):
        VALID = "valid", _("Valid")
        SUPERSEDED = "superseded", _("Superseded")
        ERASED = "erased", _("Erased")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    diagnosis = models.ForeignKey("diagnosis.Diagnosis", on_delete=models.PROTECT, related_name="reports")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reports")
    created = models.DateTimeField(_("made"))
    is_deidentified = models.BooleanField(_("de-identified"))
    code = models.CharField(
        _("verification code"), max_length=CODE_LENGTH, unique=True, default=new_verification_code, editable=False
    )
    pdf = models.FileField(max_length=100)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("size in bytes"))
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="supersedes")
    outdated = models.DateTimeField(_("out of date since"), null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")

    def __str__(self) -> str:
        return str(self.uuid)

    def save(self, *args: Any, **options: Any) -> None:
        """Store a new report; an existing one is refused."""
        if not self._state.adding:
            raise TypeError("A report never changes: make a new one, which supersedes it.")
        super().save(*args, **options)

    def get_absolute_url(self) -> str:
        return reverse("diagnosis:report", args=[self.uuid])

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("A report is never deleted alone: it goes with its study.")

    @property
    def state(self) -> Report.State:
        return self.State.SUPERSEDED if self.superseded_by_id or self.outdated else self.State.VALID

    @property
    def waits_for_newer(self) -> bool:
        """Whether something that it prints has changed, and no newer one says so yet."""
        return bool(self.outdated and not self.superseded_by_id)

    @property
    def file_name(self) -> str:
        """A name for the person's computer, which may show it to anybody: the code and nothing of the patient."""
        return f"covidxray-report-{self.code}.pdf"


class ErasedReport(models.Model):
    """A report whose patient was erased: enough for the public page to say so to the holder of a printed copy."""

    code = models.CharField(_("verification code"), max_length=CODE_LENGTH, unique=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    erased = models.DateTimeField(_("erased"), default=timezone.now)

    state = Report.State.ERASED

    class Meta:
        verbose_name = _("erased report")
        verbose_name_plural = _("erased reports")

    def __str__(self) -> str:
        return self.code
