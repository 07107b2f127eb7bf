"""Patients: the list, one patient's page, and what is found while a reference is typed."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import SignedInRequest, radiographer_required
from accounts.typed import typed_restore
from audit.models import Action
from diagnosis.history.recording import list_record, patient_record
from diagnosis.models import Patient
from diagnosis.models.fields import KEY_LENGTH
from diagnosis.models.locking import ChangedMeanwhile
from diagnosis.patients.forms import PatientForm
from diagnosis.patients.merging import merges_of
from diagnosis.patients.search import patients_found, patients_suggested, studies_of
from diagnosis.patients.services import patient_update
from diagnosis.patients.timeline import timeline_of


@radiographer_required
@require_safe
def patients(request: SignedInRequest) -> HttpResponse:
    """The patients whose name or reference has the words, or all, a page of them."""
    text = _asked(request)
    try:
        found = patients_found(request.user, text, after=_uuid(request, "after"), before=_uuid(request, "before"))
    except Patient.DoesNotExist:
        raise Http404 from None
    context = {"text": text, "found": found}
    list_record(Action.PATIENTS_LISTED, actor=request.user, rows=len(found.rows), asked=["q"] if text else [])
    return render(request, "diagnosis/patients/list.html", context)


@radiographer_required
@require_safe
def patient_suggestions(request: SignedInRequest) -> JsonResponse:
    """For the field in which a reference is typed: the institution's patients that it may be going to be."""
    found = patients_suggested(request.user, _asked(request))
    if found:  # while a reference is typed; what finds no one tells of no one
        list_record(Action.PATIENTS_LISTED, actor=request.user, rows=len(found), asked=["suggestion"])
    return JsonResponse({"patients": [_suggestion(patient) for patient in found]})


def _asked(request: SignedInRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:KEY_LENGTH]


def _uuid(request: SignedInRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET[name]) if request.GET.get(name) else None
    except ValueError:
        raise Http404 from None


def _suggestion(patient: Patient) -> dict[str, Any]:
    about = [patient.name, patient.birth_date and patient.birth_date.isoformat(), patient.get_sex_display()]
    return {"reference": patient.reference, "about": [str(value) for value in about if value]}


@radiographer_required
@require_safe
def patient(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Who the patient is, and all studies."""
    found = _visible_patient(request, uuid)
    patient_record(Action.PATIENT_VIEWED, patient=found, actor=request.user)
    if found.merged_into:
        messages.info(request, _("That patient was merged into this one."))
        return redirect(found.current)
    studies = studies_of(request.user, found)
    context = {"patient": found, "studies": studies, "merges": merges_of(found), "timeline": timeline_of(studies.kept)}
    return render(request, "diagnosis/patients/patient.html", context)


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_edit(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The patient's own data, for all of the patient's studies."""
    found = _visible_patient(request, uuid)
    form = PatientForm(found, data=request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _edit_page(request, found, form)
    try:
        patient_update(user=request.user, patient=found, changes=form.changes)
    except ChangedMeanwhile as error:
        form.add_error(None, str(error))
        return _edit_page(request, found, form)
    except IntegrityError:  # at the same moment another patient got this reference
        messages.error(request, _("Another patient was given this reference just now. Nothing was changed."))
        return redirect("diagnosis:patient-edit", uuid)
    messages.success(request, _("The patient's data has been saved.") if form.changes else _("Nothing was changed."))
    return redirect(found)


def _edit_page(request: SignedInRequest, found: Patient, form: PatientForm) -> HttpResponse:
    patient_record(Action.PATIENT_VIEWED, patient=found, actor=request.user)
    typed_restore(request, request.path, form)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "diagnosis/patients/edit.html", {"patient": found, "form": form}, status=status)


def _visible_patient(request: SignedInRequest, uuid: UUID) -> Patient:
    return get_object_or_404(Patient.objects.visible_to(request.user), uuid=uuid)
