"""Merging two patients: finding the other one, comparing both, merging, and undoing it."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from diagnosis.form_fields import FreeTextField
from diagnosis.history.recording import list_record, patient_record
from diagnosis.models import Patient, PatientMerge
from diagnosis.models.fields import KEY_LENGTH
from diagnosis.models.locking import ChangedMeanwhile
from diagnosis.patients.details import FIELD_NAMES, differences, registered_details
from diagnosis.patients.merging import MergeRefused, merge_undo, patients_merge
from diagnosis.patients.search import patients_suggested

KEPT, OTHER = "this", "other"


class MergeForm(forms.Form):
    """Which patient's data is kept, and why the two are one."""

    keep = forms.ChoiceField(
        label=gettext_lazy("Keep the data of"),
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": gettext_lazy("Choose whose data is kept.")},
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I have checked that this is one person"),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
        error_messages={"required": gettext_lazy("Check whether this is one person, and tick that it is.")},
    )
    reason = FreeTextField(gettext_lazy("Reason"), rows=2, max_length=300, required=True)

    def __init__(self, one: Patient, other: Patient, data: Any) -> None:
        super().__init__(data, label_suffix="")
        self.fields["keep"].choices = [(KEPT, _known_as(one)), (OTHER, _known_as(other))]  # type: ignore[attr-defined]


def _known_as(patient: Patient) -> str:
    return " ".join(part for part in (patient.name, patient.reference) if part) or _("Unnamed patient")


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Find the other patient (`?q=`), compare the two (`?with=`), and merge them."""
    one = _visible(request, uuid)
    patient_record(Action.PATIENT_VIEWED, patient=one, actor=request.user)
    if "with" not in request.GET:
        return _search_page(request, one)
    other = _named(request, request.GET["with"])
    if other.pk == one.pk:
        raise Http404
    patient_record(Action.PATIENT_VIEWED, patient=other, actor=request.user)
    form = MergeForm(one, other, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _compare_page(request, one, other, form)
    kept, merged = (one, other) if form.cleaned_data["keep"] == KEPT else (other, one)
    try:
        patients_merge(user=request.user, kept=kept, merged=merged, reason=form.cleaned_data["reason"])
    except (MergeRefused, ChangedMeanwhile) as error:
        form.add_error(None, str(error))
        return _compare_page(request, one, other, form)
    messages.success(request, _("The patients have been merged. It can be undone until something new is stored."))
    return redirect(kept)


def _search_page(request: SignedInRequest, one: Patient) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:KEY_LENGTH]
    found = [row for row in patients_suggested(request.user, text, with_reference=False) if row.pk != one.pk]
    if found:
        list_record(Action.PATIENTS_LISTED, actor=request.user, rows=len(found), asked=["q"])
    return render(request, "diagnosis/patients/merge_search.html", {"patient": one, "text": text, "found": found})


def _compare_page(request: SignedInRequest, one: Patient, other: Patient, form: MergeForm) -> HttpResponse:
    details = registered_details(one), registered_details(other)
    differ = [str(FIELD_NAMES[name]) for name in differences(*details)]
    context = {"patient": one, "other": other, "both": [one, other], "differ": differ, "form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "diagnosis/patients/merge.html", context, status=status)


@radiographer_required
@require_POST
def undo(request: SignedInRequest, uuid: UUID, number: int) -> HttpResponse:
    """Take a merge back: the studies return to the patient who had them."""
    kept = _visible(request, uuid)
    done = get_object_or_404(PatientMerge.objects.filter(kept=kept), pk=number)
    try:
        merge_undo(user=request.user, merge=done)
    except MergeRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The merge has been undone."))
    return redirect(kept)


def _named(request: SignedInRequest, text: str) -> Patient:
    try:
        return _visible(request, UUID(text))
    except ValueError:
        raise Http404 from None


def _visible(request: SignedInRequest, uuid: UUID) -> Patient:
    return get_object_or_404(Patient.objects.visible_to(request.user).listed(), uuid=uuid)
