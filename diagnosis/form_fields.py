"""What may be entered of a patient and of a study, beside an upload and afterwards."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.normalise import normalised
from diagnosis.imaging.dicom_details import shown_line
from diagnosis.models import NOTES_LENGTH, Study
from diagnosis.patient_models import NAME_LENGTH, REFERENCE_LENGTH, Patient
from diagnosis.patients.matching import EnteredDetails, PatientDetails, is_storable_reference

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

EARLIEST_DAY = date(1880, 1, 1)
REASON_LENGTH = 300


class LineField(forms.CharField):
    """One line of text without invisible characters, as the tags of a DICOM file are cleaned."""

    def __init__(self, label: StrPromise, *, max_length: int, required: bool = False, **attrs: str) -> None:
        widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})
        super().__init__(label=label, required=required, max_length=max_length, widget=widget)

    def to_python(self, value: Any) -> str:
        line = super().to_python(value) or ""
        return shown_line(line) if len(line) <= (self.max_length or 0) else line


class PastDayField(forms.DateField):
    """A day as YYYY-MM-DD, which is also what a browser's own calendar sends; none of the future."""

    def __init__(self, label: StrPromise) -> None:
        super().__init__(
            label=label,
            required=False,
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(
                format="%Y-%m-%d", attrs={"type": "date", "class": "form-control", "autocomplete": "off"}
            ),
            error_messages={"invalid": _("Give a day as year-month-day, such as 2026-03-31.")},
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        # Where the site's time zone is not the person's, today may be tomorrow.
        if day and not EARLIEST_DAY <= day <= timezone.localdate() + timedelta(days=1):
            raise forms.ValidationError(_("This day lies in the future, or too long ago."), code="impossible-day")
        return day


class ChoiceOrNone(forms.ChoiceField):
    """One of the choices, or none."""

    def __init__(self, label: StrPromise, choices: Any) -> None:
        widget = forms.Select(attrs={"class": "form-select", "autocomplete": "off"})
        super().__init__(label=label, required=False, widget=widget, choices=[("", _("Not given")), *choices])


class NotesField(forms.CharField):
    def __init__(self) -> None:
        widget = forms.Textarea(attrs={"class": "form-control", "rows": 4, "autocomplete": "off"})
        super().__init__(label=_("Clinical notes"), required=False, max_length=NOTES_LENGTH, widget=widget)

    def to_python(self, value: Any) -> str:
        """A line's end counts as one character, as it does in the browser."""
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n")


class ReasonField(forms.CharField):
    """Why something is done that others will ask about."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Reason"),
            max_length=REASON_LENGTH,
            widget=forms.Textarea(attrs={"class": "form-control", "rows": 2, "autocomplete": "off"}),
            error_messages={"required": _("Say why: it stands in the history of the study.")},
        )


class PatientFields(forms.Form):
    """Who the patient is. Every field may stay empty."""

    reference = LineField(_("Patient reference"), max_length=REFERENCE_LENGTH)
    name = LineField(_("Name"), max_length=NAME_LENGTH)
    birth_date = PastDayField(_("Date of birth"))
    sex = ChoiceOrNone(_("Sex"), Patient.Sex.choices)

    def clean_reference(self) -> str:
        reference: str = self.cleaned_data["reference"]
        if not is_storable_reference(reference):
            raise forms.ValidationError(_("This reference is too long."), code="too-long")
        return reference

    @property
    def patient_details(self) -> PatientDetails:
        """What was entered, of a form that is valid."""
        values = self.cleaned_data
        return PatientDetails(values["reference"], values["name"], values["birth_date"], values["sex"])


class StudyFields(forms.Form):
    """What a radiograph's file may not say of itself."""

    projection = ChoiceOrNone(_("Projection"), Study.Projection.choices)
    study_date = PastDayField(_("Study date"))
    notes = NotesField()


class EnteredFields(StudyFields, PatientFields):
    """What can be entered beside the files of an upload."""

    field_order = ["reference", "name", "birth_date", "sex", "projection", "study_date", "notes"]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("name") and not values.get("reference") and not values.get("birth_date"):
            told_apart = _(
                "A name alone does not tell two patients apart: give the reference or the date of birth too."
            )
            self.add_error("name", forms.ValidationError(told_apart, code="name-alone"))
        return values

    @property
    def entered(self) -> EnteredDetails:
        values = self.cleaned_data
        return EnteredDetails(self.patient_details, values["projection"], values["study_date"], values["notes"])


class ChangeForm(forms.Form):
    """A form over some values of a row, which notices that somebody else has changed them since it was drawn."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, row: Patient | Study, **options: Any) -> None:
        names = [name for name in self.base_fields if name != "seen"]
        self.stored = {name: getattr(row, name) for name in names}
        self.row = row
        super().__init__(initial={**self.stored, "seen": _fingerprint(self.stored)}, label_suffix="", **options)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("seen") != _fingerprint(self.stored):
            raise forms.ValidationError(
                _("Somebody else has changed this in the meantime. Open the form again to see what stands there now."),
                code="changed",
            )
        return values

    @property
    def changes(self) -> dict[str, Any]:
        """The values that are no longer what is stored, of a form that is valid."""
        return {name: self.cleaned_data[name] for name, old in self.stored.items() if self.cleaned_data[name] != old}


def _fingerprint(values: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


class StudyForm(ChangeForm, StudyFields):
    """A study's own details."""


class PatientForm(ChangeForm, PatientFields):
    """A patient's own data, for all of the patient's studies."""

    other: Patient | None = None
    """The patient who has the reference already that was entered."""

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not any(values.get(name) for name in ("reference", "name")) and any(
            self.stored[name] for name in ("reference", "name")
        ):
            raise forms.ValidationError(_("Leave the reference or the name: without both nobody finds this patient."))
        return values

    def clean_reference(self) -> str:
        reference = super().clean_reference()
        if reference:
            same = Patient.objects.filter(institution=self.row.institution_id, reference_key=normalised(reference))
            self.other = same.exclude(pk=self.row.pk).first()
        if self.other:
            raise forms.ValidationError(
                _("Another patient has this reference. To give a study to that patient, move it."), code="taken"
            )
        return reference


class ReasonForm(forms.Form):
    """For a study that is voided or restored."""

    reason = ReasonField()


class MoveForm(PatientFields):
    """The patient that a study is moved to: the registered one with this reference, or a new one that is asked for."""

    is_new = forms.BooleanField(
        label=_("Register a new patient with this reference"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input", "autocomplete": "off"}),
    )
    reason = ReasonField()
    field_order = ["reference", "is_new", "name", "birth_date", "sex", "reason"]

    def __init__(self, user: User, study: Study, **options: Any) -> None:
        super().__init__(label_suffix="", **options)
        self.user, self.study = user, study
        self.patient: Patient | None = None
        self.fields["reference"].required = True
        self.fields["reference"].error_messages["required"] = str(_("Give the reference of the right patient."))

    def clean_reference(self) -> str:
        reference = super().clean_reference()
        patients = Patient.objects.visible_to(self.user)
        self.patient = patients.filter(reference_key=normalised(reference)).first()
        if self.patient and self.patient.pk == self.study.patient_id:
            raise forms.ValidationError(_("This is the patient of the study already."), code="same")
        return reference

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.has_error("reference") and self.patient is None and not values.get("is_new"):
            unknown = _("No patient has this reference. Correct it, or tick below that a new patient is registered.")
            self.add_error("reference", forms.ValidationError(unknown, code="unknown"))
        return values
