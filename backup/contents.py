"""What of the database belongs into an archive: every table that is there, but for those named here."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, FileField, Model, QuerySet

from audit.models import AuditHead

# Sessions would sign in a reader of the archive. Failed sign-ins hold addresses of computers, and as user names
# whatever was typed there, passwords too. What `migrate` writes on its own is there before an archive is restored.
LEFT_OUT_APPS = {"sessions", "axes"}
# Keys of programs (one may have been withdrawn since), and how often they were used. The history of uploads, with the
# refused files that wait for a click, is kept for a few days only, and jobs for some weeks: an archive would keep them
# for longer.
LEFT_OUT = {"accounts.apitoken", "accounts.apiuse", "diagnosis.uploadrecord", "jobs.job", "jobs.item"}
MADE_BY_MIGRATE: tuple[type[Model], ...] = (ContentType, Permission)


def models_kept() -> list[type[Model]]:
    """Every model whose rows an archive holds, in the order of the archive."""
    found = [model for model in apps.get_models(include_auto_created=True) if _is_kept(model)]
    return sorted(found, key=lambda model: model._meta.label_lower)


def _is_kept(model: type[Model]) -> bool:
    meta = model._meta
    is_table = meta.managed and not meta.proxy
    is_left_out = meta.app_label in LEFT_OUT_APPS or meta.label_lower in LEFT_OUT
    return is_table and not is_left_out and model not in MADE_BY_MIGRATE


def rows_of(model: type[Model]) -> QuerySet[Model]:
    """The rows that people made: the end of an empty audit log is there from the beginning."""
    rows = model._base_manager.all()
    return rows.exclude(sequence=0) if model is AuditHead else rows


def columns_of(model: type[Model]) -> list[Field]:
    """The columns that are stored, without those that the database computes."""
    return [field for field in model._meta.local_concrete_fields if not field.generated]


def file_columns(model: type[Model]) -> list[int]:
    """Which of the columns name a stored file."""
    return [number for number, field in enumerate(columns_of(model)) if isinstance(field, FileField)]


class MadeRows:
    """Rows that `migrate` writes, whose numbers differ from one installation to the next: named by what they are."""

    def __init__(self) -> None:
        self._numbers = {model: {key: pk for pk, key in _named(model)} for model in MADE_BY_MIGRATE}
        self._names = {
            model: {pk: list(key) for key, pk in numbers.items()} for model, numbers in self._numbers.items()
        }

    def name_of(self, field: Field, value: object) -> object:
        """The value as an archive holds it."""
        names = self._names.get(_target(field))
        return value if names is None or value is None else names[value]

    def number_of(self, field: Field, value: object) -> object:
        """The value as this database holds it. Raises KeyError for a row that is not here."""
        numbers = self._numbers.get(_target(field))
        return value if numbers is None or not isinstance(value, list) else numbers[tuple(value)]


def _target(field: Field) -> type[Model]:
    return field.related_model if field.is_relation else Model  # type: ignore[return-value]


def _named(model: type[Model]) -> Iterator[tuple[object, tuple[str, ...]]]:
    for row in model._default_manager.all():
        yield row.pk, row.natural_key()  # type: ignore[attr-defined]
