"""The pages of reports, and the one page that anybody may see: whether a report is still valid."""

from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.models import Diagnosis
from diagnosis.report_models import Report
from diagnosis.report_preview import number_of_pages, page_picture
from diagnosis.report_services import report_create
from diagnosis.report_storage import ReportUnavailable, read_report


@radiographer_required
@require_POST
def report_make(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Make a report of a diagnosis; the older one of the same kind is superseded."""
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user), uuid=uuid)
    site = settings.SITE_URL or request.build_absolute_uri("/")
    is_deidentified = request.POST.get("variant") == "deidentified"
    return redirect(report_create(user=request.user, diagnosis=diagnosis, is_deidentified=is_deidentified, site=site))


@radiographer_required
@require_safe
def report(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """A report in the page: a picture of each of its pages, and the ways to open, save and print it."""
    found = _visible_report(request, uuid)
    context: dict[str, object] = {"report": found, "diagnosis": found.diagnosis}
    try:
        context["pages"] = [] if found.erased else range(1, number_of_pages(read_report(found)) + 1)
    except ReportUnavailable as error:
        context["fault"] = str(error)
        return render(request, "diagnosis/report.html", context, status=HTTPStatus.INTERNAL_SERVER_ERROR)
    return render(request, "diagnosis/report.html", context)


@radiographer_required
@require_safe
def report_page(request: SignedInRequest, uuid: UUID, number: int) -> HttpResponse:
    """One page of a report as a picture."""
    pdf = _pdf(_visible_report(request, uuid))
    if not 1 <= number <= number_of_pages(pdf):
        raise Http404
    return HttpResponse(page_picture(pdf, number), content_type="image/png")


@radiographer_required
@require_safe
def report_open(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The PDF for the browser's own viewer, from which it is printed."""
    return _as_file(_visible_report(request, uuid), "inline")


@radiographer_required
@require_safe
def report_download(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The PDF to be saved."""
    return _as_file(_visible_report(request, uuid), "attachment")


@login_not_required
@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Whether the report with this code is valid, and its file's SHA-256: nothing else, whoever asks."""
    found = get_object_or_404(Report, code=code.upper())
    return render(request, "diagnosis/verify.html", {"state": found.state, "sha256": found.sha256})


def _visible_report(request: SignedInRequest, uuid: UUID) -> Report:
    reports = Report.objects.visible_to(request.user)
    return get_object_or_404(reports.select_related("diagnosis", "created_by", "superseded_by"), uuid=uuid)


def _pdf(found: Report) -> bytes:
    """The file of a report that has one. An altered file is an error of the site, and logged as such."""
    if found.erased:
        raise Http404
    return read_report(found)


def _as_file(found: Report, disposition: str) -> HttpResponse:
    headers = {"Content-Disposition": f'{disposition}; filename="{found.file_name}"'}
    return HttpResponse(_pdf(found), content_type="application/pdf", headers=headers)
