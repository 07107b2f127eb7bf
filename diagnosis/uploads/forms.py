"""What may be uploaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from diagnosis.form_fields import ChoiceOrNone
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.models import Diagnosis, Study
from diagnosis.patients.forms import PatientFields
from diagnosis.studies.forms import StudyFields
from diagnosis.uploads.entered import EnteredDetails
from diagnosis.uploads.script_texts import script_texts

TOO_LARGE = "too-large"
MAX_FILES = 50


class SeveralFilesInput(forms.FileInput):
    allow_multiple_selected = True


class RadiographsField(forms.FileField):
    """One file or several, each still to be checked on its own: one that is refused must not lose the others."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        if not data:
            raise forms.ValidationError(_("Choose a radiograph to upload."), code="required")
        if len(data) > MAX_FILES:
            message = _("You chose %(chosen)d files. Choose at most %(most)d at once.")
            raise forms.ValidationError(message, TOO_LARGE, {"chosen": len(data), "most": MAX_FILES})
        return list(data)


class EnteredFields(StudyFields, PatientFields):
    """What can be entered with the files of an upload."""

    correction = ChoiceOrNone(_("Before it is assessed"), Study.Correction.choices)
    field_order = ["reference", "name", "birth_date", "sex", "projection", "study_date", "notes", "correction"]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("name") and not values.get("reference") and not values.get("birth_date"):
            told_apart = _(
                "A name alone does not tell two patients apart: enter the reference or the date of birth too."
            )
            self.add_error("name", forms.ValidationError(told_apart, code="name-alone"))
        return values

    @property
    def entered(self) -> EnteredDetails:
        values = self.cleaned_data
        return EnteredDetails(
            self.patient_details, values["projection"], values["study_date"], values["notes"], values["correction"]
        )


class UploadForm(EnteredFields):
    """Radiographs, and what is known of them. What a file really is only its content decides, later."""

    radiograph = RadiographsField(
        label=_("Chest radiographs"),
        widget=SeveralFilesInput(
            attrs={
                "accept": ".jpg,.jpeg,.png,.dcm,.dicom,image/jpeg,image/png,application/dicom",
                "class": "form-control",
            }
        ),
    )

    store_without_answer = forms.BooleanField(required=False)  # for programs: people are asked after a refusal

    max_bytes = MAX_FILE_BYTES
    max_files = MAX_FILES
    texts = script_texts
    answers = [Diagnosis(prediction=label) for label in Diagnosis.Label.values]
    """One of each, so that a script can show what it is told as every page does."""

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, label_suffix="")

    @property
    def details(self) -> list[forms.BoundField]:
        """The fields that may stay empty."""
        return [field for field in self if field.name not in ("radiograph", "store_without_answer")]

    @property
    def shows_details(self) -> bool:
        """Whether something was entered, or is to be corrected, in the part that is folded away at first."""
        is_restored = getattr(self, "is_restored", False)
        return is_restored or any(field.errors or (self.is_bound and field.data) for field in self.details)
