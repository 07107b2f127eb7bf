"""A study without an answer; edit, move, void and restore a study: its details, its patient, and whether it counts."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import SignedInRequest, radiographer_required
from accounts.typed import typed_restore
from audit.models import Action
from audit.services import held_back
from diagnosis.history.lines import history_of
from diagnosis.history.recording import list_record, study_record
from diagnosis.models import Diagnosis, Study
from diagnosis.models.locking import ChangedMeanwhile
from diagnosis.models.patients import REFERENCE_LENGTH
from diagnosis.patients.forms import PatientForm
from diagnosis.patients.matching import PatientMismatch, patient_for_move
from diagnosis.patients.services import patient_update
from diagnosis.results.comparison import comparison
from diagnosis.studies.forms import MoveForm, ReasonForm, StudyForm
from diagnosis.studies.search import unanswered_page
from diagnosis.studies.services import study_edit, study_move, study_restore, study_void

READ_OR_POST = ["GET", "HEAD", "POST"]


@radiographer_required
@require_safe
def study(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """A radiograph that is stored without an answer, and why it has none; one with an answer leads to its result."""
    found = get_object_or_404(
        Study.objects.visible_to(request.user).select_related("patient", "uploaded_by"), uuid=uuid
    )
    if found.unanswered is None:
        return redirect(_newest_result(found))
    shown = comparison(request.user, found, request.GET)
    study_record(Action.RESULT_VIEWED, study=found, actor=request.user)
    if "beside" in shown:
        study_record(Action.RESULT_VIEWED, study=shown["beside"].study, actor=request.user)
    context = {"study": found, "history": history_of(found), **shown}
    return render(request, "diagnosis/studies/study.html", context)


@radiographer_required
@require_safe
def unanswered(request: SignedInRequest) -> HttpResponse:
    """The radiographs that are stored without an answer, newest first, page by page."""
    after = request.GET.get("after", "")
    page = unanswered_page(request.user, _uuid_or_404(after) if after else None)
    list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(page.rows), asked=["without-answer"])
    return render(request, "diagnosis/studies/unanswered.html", {"page": page, "after": after})


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@radiographer_required
@require_http_methods(READ_OR_POST)
def edit(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Study date, projection and notes, and the data of the patient."""
    study = _visible_study(request, uuid)
    form = StudyForm(study, data=_posted(request), prefix="study")
    patient_form = PatientForm(study.patient, data=_posted(request), prefix="patient") if study.patient else None
    forms = [form, *([patient_form] if patient_form else [])]
    context = {"form": form, "patient_form": patient_form}
    if [each for each in forms if not each.is_valid()]:
        return _page(request, "edit", study, context)
    try:
        changed = _save(request, study, form, patient_form)
    except ChangedMeanwhile as error:
        form.add_error(None, str(error))
        return _page(request, "edit", study, context)
    except IntegrityError:  # at the same moment another patient got this reference
        messages.error(request, _("Another patient was given this reference just now. Nothing was changed."))
        return redirect("diagnosis:study-edit", uuid)
    text = _("The details have been saved.") if changed else _("Nothing was changed.")
    return _told(request, study, messages.SUCCESS, text)


@transaction.atomic
@held_back()
def _save(request: SignedInRequest, study: Study, form: StudyForm, patient_form: PatientForm | None) -> bool:
    if patient_form and study.patient:  # first: locks are taken in this order everywhere
        patient_update(user=request.user, patient=study.patient, changes=patient_form.changes)
    study_edit(user=request.user, study=study, changes=form.changes)
    return bool(form.changes or (patient_form and patient_form.changes))


@radiographer_required
@require_http_methods(READ_OR_POST)
def move(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Give a study to the patient whose it is."""
    study = _visible_study(request, uuid)
    reference = request.GET.get("reference", "")[:REFERENCE_LENGTH]
    form = MoveForm(request.user, study, data=_posted(request), reference=reference)
    if not form.is_valid():
        return _page(request, "move", study, {"form": form})
    try:
        _move(request, study, form)
    except (PatientMismatch, ChangedMeanwhile) as error:
        form.add_error(None, str(error))
        return _page(request, "move", study, {"form": form})
    return _told(request, study, messages.SUCCESS, _("The study has been moved."))


@transaction.atomic
@held_back()
def _move(request: SignedInRequest, study: Study, form: MoveForm) -> None:
    patient = form.chosen_patient or patient_for_move(user=request.user, details=form.patient_details)
    study_move(user=request.user, study=study, patient=patient, reason=form.cleaned_data["reason"])


@radiographer_required
@require_http_methods(READ_OR_POST)
def void(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Take a study out of lists and counts."""
    study = _visible_study(request, uuid)
    done = _("The study has been voided. It can be restored at any time.")
    already = _("This study has been voided already.")
    if study.voided:
        return _told(request, study, messages.INFO, already)
    return _changed_for_a_reason(request, study, "void", study_void, done, already)


@radiographer_required
@require_http_methods(READ_OR_POST)
def restore(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Let a voided study count again."""
    study = _visible_study(request, uuid)
    already = _("This study is not voided.")
    if not study.voided:
        return _told(request, study, messages.INFO, already)
    return _changed_for_a_reason(request, study, "restore", study_restore, _("The study has been restored."), already)


def _changed_for_a_reason(
    request: SignedInRequest, study: Study, name: str, change: Callable[..., bool], done: str, already: str
) -> HttpResponse:
    form = ReasonForm(_posted(request), label_suffix="")
    if not form.is_valid():
        return _page(request, name, study, {"form": form})
    if change(user=request.user, study=study, reason=form.cleaned_data["reason"]):
        return _told(request, study, messages.SUCCESS, done)
    return _told(request, study, messages.INFO, already)  # someone else was first


def _told(request: SignedInRequest, study: Study, level: int, text: str) -> HttpResponse:
    messages.add_message(request, level, text)
    return _to_result(study)


def _posted(request: SignedInRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _visible_study(request: SignedInRequest, uuid: UUID) -> Study:
    return get_object_or_404(Study.objects.visible_to(request.user).select_related("patient"), uuid=uuid)


def _newest_result(study: Study) -> Diagnosis:
    return study.diagnoses.newest_first().only("uuid")[0]


def _to_result(study: Study) -> HttpResponse:
    return redirect(study if study.unanswered else _newest_result(study))


def _page(request: SignedInRequest, name: str, study: Study, context: dict[str, Any]) -> HttpResponse:
    """The form of one of the pages; what was posted to it needs correction."""
    study_record(Action.PATIENT_VIEWED, study=study, actor=request.user)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    context["study"] = study
    typed_restore(request, request.path, *filter(None, [context["form"], context.get("patient_form")]))
    return render(request, f"diagnosis/studies/{name}.html", context, status=status)
