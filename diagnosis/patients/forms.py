"""Forms of a patient: who the patient is, and the page that changes it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.normalise import normalised
from diagnosis.form_fields import ChangeForm, ChoiceOrNone, LineField, PastDayField
from diagnosis.models import Patient, PatientQuerySet
from diagnosis.models.patients import NAME_LENGTH, REFERENCE_LENGTH
from diagnosis.patients.details import PatientDetails, is_storable_reference


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


class PatientForm(ChangeForm, PatientFields):
    """A patient's own data, for all of the patient's studies."""

    row: Patient
    other: Patient | None = None
    """The patient who has the reference already that was entered."""

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not any(values.get(name) for name in ("reference", "name")) and any(
            self.stored[name] for name in ("reference", "name")
        ):
            raise forms.ValidationError(_("Enter a reference or a name: without either, this patient cannot be found."))
        return values

    def clean_reference(self) -> str:
        reference = super().clean_reference()
        if reference:
            self.other = self._others().filter(reference_key=normalised(reference)).first()
        if self.other:
            raise forms.ValidationError(
                _("Another patient has this reference. To assign a study to that patient, move it."), code="taken"
            )
        return reference

    def _others(self) -> PatientQuerySet:
        """Those of the same keeper: what a colleague alone knows must not show."""
        same = Patient.objects.filter(institution=self.row.institution_id, keeper=self.row.keeper)
        return same.exclude(pk=self.row.pk)
