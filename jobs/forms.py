"""Starting a job: from a ZIP, a folder (on the server, in S3), an archive of some days, or what is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from diagnosis.errors import DiagnosisError
from diagnosis.form_fields import DayField, LineField
from diagnosis.imaging.archives import is_zip
from diagnosis.model_cards.versions import served_version
from diagnosis.wording.errors import error_text
from jobs.models import NAME_LENGTH, Item, Job
from jobs.services import NewJob
from jobs.sources import archive, folder, s3

LONGEST_FOLDER = 500
MEGABYTES = settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2
_FIELDS = {
    Job.Source.ZIP: ("file",),
    Job.Source.FOLDER: ("folder",),
    Job.Source.S3: ("storage_folder",),
    Job.Source.ARCHIVE: ("archive", "since", "until"),
    Job.Source.STUDIES: (),
}


class JobForm(forms.Form):
    """What is asked for; of the fields those of the chosen source count."""

    name = LineField(_("Name of the job"), max_length=NAME_LENGTH)
    source = forms.ChoiceField(label=_("Radiographs"), widget=forms.RadioSelect(attrs={"class": "form-check-input"}))
    file = forms.FileField(
        label=_("ZIP archive"),
        required=False,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".zip,application/zip"}),
    )
    folder = LineField(_("Folder on the server"), max_length=LONGEST_FOLDER)
    storage_folder = LineField(_("Folder in the storage"), max_length=LONGEST_FOLDER)
    archive = forms.ChoiceField(label=_("Archive"), required=False, widget=forms.Select(attrs={"class": "form-select"}))
    since = DayField(_("Taken on or after"))
    until = DayField(_("Taken on or before"))
    without_answer = forms.BooleanField(
        label=_("Store radiographs that the model refuses, without an answer"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, user: User, data: Any = None, files: Any = None) -> None:
        initial = {"source": Job.Source.ZIP, "folder": ".", "storage_folder": "."}
        super().__init__(data, files, label_suffix="", initial=initial)
        self.user, self.root = user, folder.root_of(user.institution)
        self.storage = s3.root_of(user.institution)
        self.archives = archive.archives_of(user)
        self.place: dict[str, str] = {}
        self.fields["archive"].choices = [(str(one.uuid), one.name) for one in self.archives]  # type: ignore[attr-defined]
        self.fields["source"].choices = [(key, key.label) for key in self.sources]  # type: ignore[attr-defined]

    @property
    def sources(self) -> list[Job.Source]:
        """Those that there are here."""
        is_here = {
            Job.Source.FOLDER: self.root is not None,
            Job.Source.S3: self.storage is not None,
            Job.Source.ARCHIVE: bool(self.archives),
        }
        return [source for source in _FIELDS if is_here.get(source, True)]

    @property
    def choices(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Each source as a radio button, with the fields that belong to it."""
        options = list(self["source"])
        return [
            (option, [self[name] for name in _FIELDS[key]]) for option, key in zip(options, self.sources, strict=True)
        ]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        match values.get("source"):
            case Job.Source.ZIP:
                self._check_file(values.get("file"))
            case Job.Source.FOLDER:
                self._check_folder(values.get("folder") or ".")
            case Job.Source.S3:
                self._check_storage_folder(values.get("storage_folder") or ".")
            case Job.Source.ARCHIVE:
                self._check_archive(values)
        return values

    def _check_file(self, file: UploadedFile | None) -> None:
        if file is None:
            if "file" not in self.errors:
                self.add_error("file", forms.ValidationError(_("Choose a ZIP archive."), code="required"))
            return
        start = file.read(4)
        file.seek(0)
        if not is_zip(start):
            self.add_error("file", forms.ValidationError(_("This file is no ZIP archive."), code="no-zip"))

    def _check_folder(self, asked: str) -> None:
        try:
            if self.root:
                self.place = folder.place_of(self.root, asked)
        except DiagnosisError as error:
            self.add_error("folder", forms.ValidationError(error_text(error), code=error.code))

    def _check_storage_folder(self, asked: str) -> None:
        try:
            if self.storage:
                self.place = s3.place_below(self.storage, asked)
        except DiagnosisError as error:
            self.add_error("storage_folder", forms.ValidationError(error_text(error), code=error.code))

    def _check_archive(self, values: dict[str, Any]) -> None:
        first, last = values.get("since"), values.get("until")
        if not (first and last):
            for name in ("since", "until"):
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, forms.ValidationError(_("Enter both days."), code="required"))
        elif last < first:
            self.add_error("until", forms.ValidationError(_("This is before the first day."), code="order"))
        elif chosen := next((one for one in self.archives if str(one.uuid) == values.get("archive")), None):
            self.place = archive.place_of(chosen.uuid, first, last)
        elif "archive" not in self.errors:
            self.add_error("archive", forms.ValidationError(_("Choose an archive."), code="required"))

    @property
    def new_job(self) -> NewJob:
        values = self.cleaned_data
        source = Job.Source(values["source"])
        file: UploadedFile | None = values["file"] if source == Job.Source.ZIP else None
        name = values["name"] or (file and file.name) or str(source.label)
        version = (served_version() or "") if source == Job.Source.STUDIES else ""
        return NewJob(
            self.user, name, source, self.place, file.file if file else None, version, "", values["without_answer"]
        )


SHOWN = {
    "": (_("All"), list(Item.State)),
    "failed": (_("Refused or failed"), list(Item.FAILED)),
    "waiting": (_("Waiting"), [Item.State.WAITING]),
}


def shown_states(asked: str) -> list[str]:
    """Those asked for; all where nothing that is known was."""
    return [str(state) for state in SHOWN.get(asked, SHOWN[""])[1]]
