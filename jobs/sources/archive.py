"""Radiographs that an archive (PACS) has of some days. The setting JOBS_ARCHIVES names the module that asks it.

`jobs` and `pacs` import each other nowhere: the module is named as Django's settings name a back end, and this is what
it has to have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings

from accounts.models import User
from diagnosis.errors import DiagnosisError, RadiographRejected
from diagnosis.uploads.entered import EnteredDetails
from jobs.errors import SourceFault
from jobs.models import Item, Job
from jobs.sources.found import Content, Found


@dataclass(frozen=True)
class Archive:
    """One that a person may ask."""

    uuid: UUID
    name: str


class Archives(Protocol):
    """What the module of JOBS_ARCHIVES has. Each raises a DiagnosisError where the archive does not answer."""

    def archives_of(self, user: User) -> list[tuple[UUID, str]]:
        """Identifier and name of those that the person may search."""

    def archive_at(self, user: User, address: str) -> UUID | None:
        """The one of those at that DICOMweb URL."""

    def found_in(self, archive: UUID, first_day: date, last_day: date) -> Iterator[str]:
        """The place of every radiograph of these days, both included."""

    def fetched(self, archive: UUID, place: str) -> tuple[bytes, str]:
        """The file, and the AE title of the archive."""


def archives() -> Archives:
    return cast(Archives, import_module(settings.JOBS_ARCHIVES))


def archives_of(user: User) -> list[Archive]:
    return [Archive(uuid, name) for uuid, name in archives().archives_of(user)]


def place_of(archive: UUID, first_day: date, last_day: date) -> dict[str, str]:
    """What a job stores of what it asks for."""
    return {"archive": str(archive), "first_day": first_day.isoformat(), "last_day": last_day.isoformat()}


def found(job: Job) -> Iterator[Found]:
    """Raises SourceFault."""
    days = [date.fromisoformat(job.place[name]) for name in ("first_day", "last_day")]
    try:
        for place in archives().found_in(UUID(job.place["archive"]), *days):
            yield Found(place, "")
    except DiagnosisError as error:
        raise _fault(error) from error


def content(item: Item) -> Content:
    """Raises SourceFault."""
    try:
        file, title = archives().fetched(UUID(item.job.place["archive"]), item.place)
    except RadiographRejected:
        raise
    except DiagnosisError as error:
        raise _fault(error) from error
    return Content(file, EnteredDetails(received_from=title))


def _fault(error: DiagnosisError) -> SourceFault:
    return SourceFault(error.message, error.code, **error.values)
