"""Rows that are about to be changed, locked: an edit at the same moment is told so, and nothing erased comes back.

What is written is read under the lock under which it is written. The order of locks is everywhere the same: patient,
study, model version, end of the audit log. SQLite locks no rows; its transactions begin with the lock of the whole
database.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models
from django.http import Http404
from django.utils.translation import gettext as _

from diagnosis.errors import DiagnosisError
from diagnosis.models.patients import Patient
from diagnosis.models.results import ModelVersion
from diagnosis.models.studies import Study

Row = TypeVar("Row", bound=models.Model)


class Erased(DiagnosisError, Http404):
    """The row was erased while someone was about to change it: to the person who asks it might never have existed."""

    default_code = "erased"


class ChangedMeanwhile(DiagnosisError):
    """Someone else has changed the row since it was read."""

    default_code = "changed"


def changed_meanwhile() -> ChangedMeanwhile:
    return ChangedMeanwhile(
        _("Somebody else has changed this in the meantime. Open the form again to see the current values.")
    )


def locked(row: Row) -> Row:
    """The row as it is now; no one else changes it before the transaction ends. Raises Erased."""
    now = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if now is None:
        raise Erased(_("This was erased in the meantime."))
    return now


def locked_version(model: ModelVersion) -> ModelVersion:
    """A model version, without its card: while it is locked no other operating point comes into force for it."""
    return ModelVersion.objects.select_for_update().defer("card").get(pk=model.pk)


def locked_as_seen(row: Row, names: Iterable[str]) -> Row:
    """The same, where these values are still those of `row`. Raises ChangedMeanwhile and Erased."""
    now = locked(row)
    if any(_value(now, name) != _value(row, name) for name in names):
        raise changed_meanwhile()
    return now


def locked_studies(patient: Patient) -> list[Study]:
    """Those of a patient that is locked, by number; so none is added before the transaction ends.

    Looked for first and locked by number then: MySQL locks along the index that it reads, and who locks the same rows
    along another one would be waited for crosswise.
    """
    pks = list(patient.studies.order_by("pk").values_list("pk", flat=True))
    rows = Study.objects.select_for_update().filter(pk__in=pks).order_by("pk")
    return [study for study in rows if study.patient_id == patient.pk]


def _value(row: models.Model, name: str) -> Any:
    """A foreign key by its number: the row behind it need not be read."""
    field = row._meta.get_field(name)
    return getattr(row, getattr(field, "attname", name))
