"""The radiographer's pages, and the only way to an uploaded file."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.display import coloured_heat_map
from diagnosis.errors import DiagnosisError, ModelUnavailable
from diagnosis.forms import TOO_LARGE, UploadForm
from diagnosis.home import tallies
from diagnosis.model_card.versions import model_in_use
from diagnosis.models import Diagnosis, Study
from diagnosis.services import DiagnosisOutcome, diagnosis_create, shown_file_name

RECENT_RESULTS = 6


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Where a person lands: a radiographer's upload, counts and newest results, or what else the account is for."""
    if not request.user.is_radiographer:
        return render(request, "diagnosis/home_without_clinical_role.html", {"model": model_in_use()})
    recent = Diagnosis.objects.visible_to(request.user).with_rows_shown().newest_first()[:RECENT_RESULTS]
    context = {"form": UploadForm(), "recent": recent, "tallies": tallies(request.user), "model": model_in_use()}
    return render(request, "diagnosis/home.html", context)


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    """One file to its result. What is wrong with it is said beside the field, and nothing is kept."""
    if request.method != "POST":
        return render(request, "diagnosis/upload.html", {"form": UploadForm()})
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, form, _form_status(form))
    file = form.cleaned_data["radiograph"]
    try:
        outcome = diagnosis_create(user=request.user, content=file.read(), file_name=file.name)
    except DiagnosisError as error:
        form.add_error("radiograph", str(error))
        return _refused(request, form, _error_status(error))
    return _to_result(request, outcome)


def _refused(request: HttpRequest, form: UploadForm, status: HTTPStatus) -> HttpResponse:
    file = request.FILES.get("radiograph")
    context = {"form": form, "refused": shown_file_name(file.name or "") if file else ""}
    return render(request, "diagnosis/upload.html", context, status=status)


def _form_status(form: UploadForm) -> HTTPStatus:
    if form.has_error("radiograph", TOO_LARGE):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return HTTPStatus.UNPROCESSABLE_ENTITY


def _error_status(error: DiagnosisError) -> HTTPStatus:
    unavailable = isinstance(error, ModelUnavailable)
    return HTTPStatus.SERVICE_UNAVAILABLE if unavailable else HTTPStatus.UNPROCESSABLE_ENTITY


def _to_result(request: HttpRequest, outcome: DiagnosisOutcome) -> HttpResponse:
    if outcome.is_repeat:
        messages.info(request, _("This file had been uploaded and classified before. This is its result."))
    return redirect(outcome.diagnosis)


@radiographer_required
@require_safe
def result(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One diagnosis: the radiograph with its heat map, the answer, and where both came from."""
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user).with_rows_shown(), uuid=uuid)
    others = diagnosis.study.diagnoses.exclude(pk=diagnosis.pk).select_related("model_version").newest_first()
    context = {"diagnosis": diagnosis, "study": diagnosis.study, "reading": diagnosis.reading, "others": others}
    return render(request, "diagnosis/result.html", context)


@radiographer_required
@require_safe
def heat_map(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The heat map of a diagnosis in colour, transparent where there is no evidence."""
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user).select_related("study"), uuid=uuid)
    study = diagnosis.study
    picture = coloured_heat_map(bytes(diagnosis.heat_map), width=study.width, height=study.height)
    return HttpResponse(picture, content_type="image/png")


@radiographer_required
@require_safe
def display(request: SignedInRequest, uuid: UUID) -> FileResponse:
    """The copy of the radiograph that pages show, free of metadata."""
    return _jpeg(_visible_study(request, uuid).display)


@radiographer_required
@require_safe
def thumbnail(request: SignedInRequest, uuid: UUID) -> FileResponse:
    return _jpeg(_visible_study(request, uuid).thumbnail)


@radiographer_required
@require_safe
def original(request: SignedInRequest, uuid: UUID) -> FileResponse:
    """The file as it was uploaded, only ever to be saved: without a type that a browser would open."""
    study = _visible_study(request, uuid)
    file = study.original.open("rb")
    return FileResponse(file, as_attachment=True, filename=study.file_name, content_type="application/octet-stream")


def _visible_study(request: SignedInRequest, uuid: UUID) -> Study:
    return get_object_or_404(Study.objects.visible_to(request.user), uuid=uuid)


def _jpeg(file: FieldFile) -> FileResponse:
    return FileResponse(file.open("rb"), content_type="image/jpeg")
