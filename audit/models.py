"""The chain of audit entries, and where it ends.

An entry names people, patients and studies by their surrogate identifiers only, so that it stays true and says nothing
of a person whose data was erased.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any, NoReturn, cast

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

START = "0" * 64
"""What the first entry names as the hash of the one before it."""


class Action(models.TextChoices):
    """What can be done. Values are stored in entries for ever: add new ones, and change or remove none."""

    SIGNED_IN = "signed-in", _("Signed in")
    SIGN_IN_FAILED = "sign-in-failed", _("Sign-in failed")
    LOCKED_OUT = "locked-out", _("Locked out")
    SIGNED_OUT = "signed-out", _("Signed out")

    ACCOUNT_REGISTERED = "account-registered", _("Account registered")
    ACCOUNT_INVITED = "account-invited", _("Account invited")
    ACCOUNT_ACCEPTED = "account-accepted", _("Invitation accepted")
    ACCOUNT_CHANGED = "account-changed", _("Account changed")
    ACCOUNT_SUSPENDED = "account-suspended", _("Account suspended")
    ACCOUNT_REACTIVATED = "account-reactivated", _("Account reactivated")
    ACCOUNT_CLOSED = "account-closed", _("Account closed")
    ACCOUNT_UNLOCKED = "account-unlocked", _("Sign-in unlocked")
    ACCOUNT_PASSWORD = "account-password", _("Password set")
    ACCOUNT_SECOND_FACTOR_ON = "account-second-factor-on", _("Second factor set up")
    ACCOUNT_SECOND_FACTOR_OFF = "account-second-factor-off", _("Second factor removed")
    ACCOUNT_RECOVERY_CODES = "account-recovery-codes", _("Recovery codes renewed")
    ACCOUNT_LINKED = "account-linked", _("Account linked with the hospital's sign-in")
    ACCOUNT_PROFILE = "account-profile", _("Own profile changed")

    INSTITUTION_CREATED = "institution-created", _("Institution added")
    INSTITUTION_RENAMED = "institution-renamed", _("Institution renamed")

    RESULT_VIEWED = "result-viewed", _("Result viewed")
    IMAGE_VIEWED = "image-viewed", _("Image viewed")
    ORIGINAL_DOWNLOADED = "original-downloaded", _("Original file downloaded")
    RESULTS_LISTED = "results-listed", _("Results listed")
    PATIENTS_LISTED = "patients-listed", _("Patients listed")
    PATIENT_VIEWED = "patient-viewed", _("Patient viewed")
    RESULTS_EXPORTED = "results-exported", _("Results exported")
    UPLOAD_REFUSED = "upload-refused", _("Upload refused")

    STUDY_UPLOADED = "study-uploaded", _("Study uploaded")
    STUDY_CLASSIFIED = "study-classified", _("Study classified")
    STUDY_READ = "study-read", _("Own reading saved")
    STUDY_REVIEWED = "study-reviewed", _("Result reviewed")
    STUDY_OUTCOME = "study-outcome", _("RT-PCR outcome entered")
    STUDY_EDITED = "study-edited", _("Study changed")
    STUDY_MOVED = "study-moved", _("Study moved to another patient")
    STUDY_VOIDED = "study-voided", _("Study voided")
    STUDY_RESTORED = "study-restored", _("Study restored")
    PATIENT_EDITED = "patient-edited", _("Patient changed")
    PATIENTS_MERGED = "patients-merged", _("Patients merged")
    PATIENTS_UNMERGED = "patients-unmerged", _("Merge of patients undone")

    REPORT_MADE = "report-made", _("Report made")
    REPORT_VIEWED = "report-viewed", _("Report viewed")
    REPORT_OPENED = "report-opened", _("Report opened or downloaded")

    MODEL_CHOSEN = "model-chosen", _("Another model chosen")
    MODEL_OPERATING_POINT = "model-operating-point", _("Operating point changed")
    MODEL_FIRST_USED = "model-first-used", _("Model answered for the first time")

    PATIENT_EXPORTED = "patient-exported", _("Patient's data exported")
    PATIENT_ERASED = "patient-erased", _("Patient erased")
    STUDY_ERASED = "study-erased", _("Study erased")

    PEER_CHANGED = "peer-changed", _("PACS or modality changed")
    PACS_SEARCHED = "pacs-searched", _("PACS searched")
    PACS_LISTED = "pacs-listed", _("Received radiographs listed")
    PACS_VIEWED = "pacs-viewed", _("Preview from the PACS seen")
    PACS_FETCHED = "pacs-fetched", _("Fetched from the PACS")
    PACS_RETRIED = "pacs-retried", _("Set going again")
    STUDY_DEIDENTIFIED = "study-deidentified", _("De-identified copy exported")
    RESULT_SENT = "result-sent", _("Result sent to the PACS")

    READER_STUDY_CHANGED = "reader-study-changed", _("Reader study made or changed")
    READER_STUDY_OPENED = "reader-study-opened", _("Reader study opened")
    READER_STUDY_CLOSED = "reader-study-closed", _("Reader study closed")
    READER_STUDY_JOINED = "reader-study-joined", _("Reader study joined")
    READER_STUDY_LEFT = "reader-study-left", _("Reader study left")
    READER_STUDY_VIEWED = "reader-study-viewed", _("Results of a reader study seen")
    READER_STUDY_EXPORTED = "reader-study-exported", _("Results of a reader study exported")
    CASE_READ = "case-read", _("Case of a reader study read")
    JOB_STARTED = "job-started", _("Job started")
    JOB_STOPPED = "job-stopped", _("Job stopped")
    JOB_RESUMED = "job-resumed", _("Job set going again")
    JOB_VIEWED = "job-viewed", _("Job viewed")
    JOB_EXPORTED = "job-exported", _("Job downloaded")
    JOB_DELETED = "job-deleted", _("Job deleted")
    VERSIONS_COMPARED = "versions-compared", _("Comparison of versions viewed")

    BACKUP_MADE = "backup-made", _("Backup made")
    BACKUP_RESTORED = "backup-restored", _("Backup restored")


class NeverChanged(TypeError):
    """Somebody tried to change or remove an entry of the audit."""

    def __init__(self) -> None:
        super().__init__("an entry of the audit is added by audit.services.record, and never changed or removed")


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Reads. Whatever writes is refused."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NeverChanged

    create = get_or_create = update_or_create = bulk_create = _refuse
    update = bulk_update = delete = _refuse


class AuditEntry(models.Model):
    """One line of the audit. Its hash covers all of it and the hash of the entry before."""

    sequence = models.PositiveBigIntegerField(_("number"), primary_key=True)
    time = models.DateTimeField(_("when"), db_index=True)
    action = models.CharField(_("what"), max_length=40, choices=Action, db_index=True)
    actor = models.UUIDField(
        _("who"), null=True, help_text=_("Empty: the command line, or somebody who is not signed in.")
    )
    institution = models.UUIDField(_("institution"), null=True)
    subject_kind = models.CharField(_("kind of what was affected"), max_length=20, blank=True)
    subject = models.UUIDField(_("what was affected"), null=True)
    patient = models.UUIDField(_("patient"), null=True)
    detail = models.JSONField(_("detail"), default=dict)
    request = models.CharField(_("request"), max_length=32, blank=True)
    previous = models.CharField(_("hash of the entry before"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["actor", "sequence"], name="audit_by_actor"),
            models.Index(fields=["subject", "actor", "time"], name="audit_by_subject"),
            models.Index(fields=["patient", "sequence"], name="audit_by_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise NeverChanged

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NeverChanged

    @classmethod
    def append_all(cls, rows: list[AuditEntry]) -> None:
        """Insert these new rows: the one way in, for `audit.services` only. A number that is taken is an error."""
        models.QuerySet[AuditEntry](cls).bulk_create(rows)

    @property
    def as_end(self) -> ChainEnd:
        return ChainEnd(self.sequence, self.hash)

    def computed_hash(self) -> str:
        """SHA-256 of the entry as canonical JSON: sorted keys, no spaces, ASCII, times in UTC with microseconds."""
        values = {
            "sequence": self.sequence,
            "time": self.time.astimezone(UTC).isoformat(timespec="microseconds"),
            "action": str(self.action),
            "subject_kind": self.subject_kind,
            "detail": self.detail,
            "request": self.request,
            "previous": self.previous,
            **{name: _text(getattr(self, name)) for name in ("actor", "institution", "subject", "patient")},
        }
        canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True)
class ChainEnd:
    """The last entry's number and hash."""

    sequence: int
    hash: str


class AuditHead(models.Model):
    """The end of the chain: one row, locked by every writer."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=START)

    class Meta:
        verbose_name = _("end of the audit log")
        verbose_name_plural = _("end of the audit log")

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash}"

    @property
    def end(self) -> ChainEnd:
        return ChainEnd(self.sequence, self.hash)

    @classmethod
    def move(cls, start: ChainEnd, end: ChainEnd) -> bool:
        """Move the end of the chain, and lock it until the transaction ends; False where it is not at `start`."""
        found = cls.objects.filter(pk=cls.ONLY, sequence=start.sequence, hash=start.hash)
        return found.update(sequence=end.sequence, hash=end.hash) == 1

    @classmethod
    def locked(cls) -> AuditHead:
        """The row, locked until the transaction ends."""
        rows = cls.objects.select_for_update()
        try:
            return cast("AuditHead", rows.get(pk=cls.ONLY))
        except cls.DoesNotExist:  # before the first entry
            _take_turns(cls)
            return cast("AuditHead", rows.get_or_create(pk=cls.ONLY)[0])


class AuditSent(models.Model):
    """Up to which entry the hospital's collector has the audit: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=AuditHead.ONLY)
    sequence = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("what the audit's collector has")
        verbose_name_plural = _("what the audit's collector has")

    def __str__(self) -> str:
        return str(self.sequence)

    @classmethod
    def position(cls) -> int:
        """0 before anything was sent; reading it leaves no row."""
        return cls.objects.filter(pk=AuditHead.ONLY).values_list("sequence", flat=True).first() or 0

    @classmethod
    def move(cls, *, before: int, after: int) -> None:
        """Unless another sender has moved it."""
        cls.objects.get_or_create(pk=AuditHead.ONLY)
        cls.objects.filter(sequence=before).update(sequence=after)


def _take_turns(model: type[models.Model]) -> None:
    """Two that insert the same row at the same moment lock each other out on MySQL: they wait at another row first."""
    found = ContentType.objects.filter(app_label=model._meta.app_label, model=model._meta.model_name)
    list(found.select_for_update())
