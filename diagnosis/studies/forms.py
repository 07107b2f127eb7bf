"""Forms of a study: its details, moving it to another patient, and the reason for voiding or restoring it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.normalise import normalised
from diagnosis.form_fields import ChangeForm, ChoiceOrNone, FreeTextField, PastDayField
from diagnosis.models import Patient, Study
from diagnosis.models.locking import changed_meanwhile
from diagnosis.models.patients import REFERENCE_LENGTH
from diagnosis.models.studies import NOTES_LENGTH
from diagnosis.patients.forms import PatientFields
from diagnosis.patients.search import patients_suggested

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

REASON_LENGTH = 300


def reason_field() -> FreeTextField:
    """Why something is done that others will ask about."""
    missing = _("Give a reason: it is kept in the study's history.")
    return FreeTextField(
        _("Reason"), rows=2, max_length=REASON_LENGTH, required=True, error_messages={"required": missing}
    )


class StudyFields(forms.Form):
    """Details that a radiograph's file may lack."""

    projection = ChoiceOrNone(_("Projection"), Study.Projection.choices)
    study_date = PastDayField(_("Study date"))
    notes = FreeTextField(_("Clinical notes"), rows=4, max_length=NOTES_LENGTH)


class StudyForm(ChangeForm, StudyFields):
    """A study's own details."""


class ReasonForm(forms.Form):
    """For a study that is voided or restored."""

    reason = reason_field()


class MoveForm(PatientFields):
    """The patient that a study is moved to: the registered one with this reference, or a new one that is asked for."""

    is_new = forms.BooleanField(
        label=_("Register a new patient with this reference"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input", "autocomplete": "off"}),
    )
    chosen = forms.ChoiceField(
        label=_("Which patient?"), required=False, widget=forms.RadioSelect(attrs={"class": "form-check-input"})
    )
    reason = reason_field()
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    field_order = ["reference", "chosen", "is_new", "name", "birth_date", "sex", "reason", "seen"]

    def __init__(self, user: User, study: Study, *, reference: str = "", **options: Any) -> None:
        initial = {"seen": str(study.patient_id or "none"), "reference": reference}
        super().__init__(label_suffix="", initial=initial, **options)
        self.user, self.study = user, study
        self.patient: Patient | None = None
        self.chosen_patient: Patient | None = None
        self.found = self._found() if self.is_bound else []
        self.fields["chosen"].choices = [(str(patient.uuid), _in_words(patient)) for patient in self.found]  # type: ignore[attr-defined]
        self.fields["reference"].label = _("Patient reference or name")
        self.fields["reference"].required = True
        self.fields["reference"].error_messages["required"] = str(_("Enter the reference of the right patient."))

    def clean_reference(self) -> str:
        reference = super().clean_reference()
        self.patient = Patient.objects.of_reference(self.user, normalised(reference))
        if self.patient and self.patient.pk == self.study.patient_id:
            raise forms.ValidationError(_("The study already belongs to this patient."), code="same")
        return reference

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("seen") not in ("", self.initial["seen"]):  # somebody has moved it since the page was drawn
            raise forms.ValidationError(str(changed_meanwhile()), code="changed")
        if chosen := values.get("chosen"):
            self.patient = self.chosen_patient = next(row for row in self.found if str(row.uuid) == chosen)
        if not self.has_error("reference") and self.patient is None and not values.get("is_new"):
            self.add_error("reference", forms.ValidationError(self._unknown(), code="unknown"))
        return values

    def _unknown(self) -> StrPromise:
        if self.found:
            return _(
                "No patient has this reference. Choose one of those found below, or tick that a new one "
                "is to be registered."
            )
        return _("No patient has this reference or name. Correct it, or tick below that a new patient is registered.")

    def _found(self) -> list[Patient]:
        """Those that a name, or a part of a reference, may mean; not the study's own."""
        typed = str(self.data.get(self.add_prefix("reference"), ""))[:REFERENCE_LENGTH]
        found = patients_suggested(self.user, typed, with_reference=False)
        return [patient for patient in found if patient.pk != self.study.patient_id]


def _in_words(patient: Patient) -> str:
    born = patient.birth_date and date_format(patient.birth_date, "j M Y")
    known = [patient.name or str(_("Unnamed patient")), patient.reference, born, patient.get_sex_display()]
    return " · ".join(str(part) for part in known if part)
