"""Upload history: what became of each file is noted, and a refused one held for a while: one click can store it."""

from __future__ import annotations

import logging
import uuid
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.normalise import normalised
from diagnosis.errors import DiagnosisError, RadiographRejected
from diagnosis.files.erasing import files_erase
from diagnosis.files.storing import files_and_rows
from diagnosis.models import FileToErase, Study, UploadRecord, UploadRecordQuerySet
from diagnosis.models.patients import REFERENCE_KEY_LENGTH
from diagnosis.models.uploads import UPLOADED_NAME_LENGTH, held_since, history_since
from diagnosis.patients.details import PatientDetails
from diagnosis.uploads.entered import EnteredDetails

logger = logging.getLogger(__name__)

MOST_HELD = 50
"""Refused files of one person that wait for a click; older ones go."""


@dataclass(frozen=True)
class Noted:
    """One file, and what became of it. `content`: of a refused file that can still be stored or turned, else None."""

    user: User
    file_name: str
    state: str
    study: Study | None = None
    error: DiagnosisError | None = None
    entered: EnteredDetails | None = None
    content: bytes | None = None


def upload_note(noted: Noted) -> UploadRecord | None:
    """Add a line to the person's upload history; None where the study was erased at this moment."""
    _forget_old(noted.user)
    record = _record_of(noted)
    try:
        if noted.content is None:
            with transaction.atomic():
                record.save()
        else:
            _save_held(record, noted)
    except IntegrityError:
        logger.info("nothing noted of an upload whose study was erased")
        return None
    except OSError:  # a full disk: the refusal itself stays true
        logger.exception("a refused file cannot be held")
        record.held, record.entered = "", None
        record.save()
    return record


def _record_of(noted: Noted) -> UploadRecord:
    return UploadRecord(
        user=noted.user,
        institution=noted.user.institution,
        file_name=noted.file_name[:UPLOADED_NAME_LENGTH],
        state=noted.state,
        study=noted.study,
        refusal=noted.error.as_stored() if noted.error else None,
        reference_key=_reference_key(noted),
    )


def _reference_key(noted: Noted) -> str:
    """By which an erased patient's lines are found; of a file that became a study, that is what finds them."""
    entered = noted.entered.patient.reference if noted.entered else ""
    in_file = noted.error.reference if isinstance(noted.error, RadiographRejected) else ""
    return normalised(entered or in_file)[:REFERENCE_KEY_LENGTH]


def _save_held(record: UploadRecord, noted: Noted) -> None:
    folder = f"refused/{record.uuid.hex[:2]}/{record.uuid}"
    rows = UploadRecord.objects.filter(uuid=record.uuid)
    with files_and_rows(folder, {"original": noted.content or b""}, rows) as stored:
        record.held.name = stored["original"]
        record.entered = asdict(noted.entered) if noted.entered else None
        record.save()


def entered_of(record: UploadRecord) -> EnteredDetails:
    """What was entered with a held file."""
    values: dict[str, Any] = dict(record.entered or {})
    patient = dict(values.pop("patient", {}))
    patient["birth_date"] = _day(patient.get("birth_date"))
    values["study_date"] = _day(values.get("study_date"))
    return EnteredDetails(PatientDetails(**patient), **values)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def upload_renote(record: UploadRecord, *, state: str, study: Study | None) -> None:
    """What became of a held file after all; it is held no longer where it has a study."""
    with transaction.atomic():
        rows = UploadRecord.objects.filter(pk=record.pk)
        rows.update(state=state, study=study)
        if study:
            _release(rows)
    files_erase()


def _forget_old(user: User) -> None:
    """The person's old lines, and everybody's files that were held long enough."""
    mine = UploadRecord.objects.filter(user=user)
    surplus = mine.held().order_by("-pk").values_list("pk", flat=True)[MOST_HELD - 1 :]
    with transaction.atomic():
        _release(UploadRecord.objects.held().filter(created__lt=held_since()))
        _release(UploadRecord.objects.filter(pk__in=list(surplus)))
        mine.filter(created__lt=history_since()).delete()
    files_erase()


def history_purge() -> int:
    """Delete every line that is too old, and every file that was held long enough; how many lines."""
    with transaction.atomic():
        _release(UploadRecord.objects.held().filter(created__lt=held_since()))
        return UploadRecord.objects.filter(created__lt=history_since()).delete()[0]


def _release(records: UploadRecordQuerySet) -> None:
    """Hold these files no longer: they are deleted once this is committed, by `files_erase`."""
    names = dict(records.held().values_list("pk", "held"))
    FileToErase.objects.bulk_create([FileToErase(name=name) for name in names.values()], ignore_conflicts=True)
    UploadRecord.objects.filter(pk__in=names).update(held="", entered=None)


def held_record(user: User, key: uuid.UUID) -> UploadRecord | None:
    """A line of the person's own history."""
    return UploadRecord.objects.visible_to(user).filter(uuid=key).first()
