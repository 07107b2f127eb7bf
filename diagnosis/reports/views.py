"""The pages of reports, and the one page that anybody may see: whether a report is still valid."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.link_views import site_address
from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.files.sending import pdf_answer
from diagnosis.history.recording import report_view_record
from diagnosis.models import Diagnosis, ErasedReport, Report
from diagnosis.models.reports import CODE_LENGTH, typed_verification_code
from diagnosis.reports.files import MISSING, ReportUnavailable, read_report
from diagnosis.reports.preview import number_of_pages, page_picture
from diagnosis.reports.services import ReportRefused, report_create, report_handed_out
from diagnosis.reviews.access import read_first, refuse_hidden


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
@read_first
def report_make(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Make a report of a diagnosis; the older one of the same kind is superseded. A GET leads back to the result."""
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user), uuid=uuid)
    refuse_hidden(request.user, diagnosis)
    if request.method != "POST":
        return redirect(diagnosis)
    is_deidentified = request.POST.get("variant") == "deidentified"
    try:
        made = report_create(
            user=request.user, diagnosis=diagnosis, is_deidentified=is_deidentified, site=site_of(request)
        )
    except ReportRefused as error:
        messages.error(request, str(error))
        return redirect(diagnosis)
    return redirect(made)


def site_of(request: HttpRequest) -> str:
    """The address at which a report says that it can be checked."""
    return site_address(request)


def seen_report(request: SignedInRequest, uuid: UUID) -> Report:
    """A report that the person may see, and sees now; for pages and for the API. Raises Http404 and AnswerHidden."""
    reports = Report.objects.visible_to(request.user).select_related("diagnosis", "created_by", "superseded_by")
    found = get_object_or_404(reports, uuid=uuid)
    refuse_hidden(request.user, found.diagnosis)
    report_view_record(report=found, actor=request.user)
    return found


def of_report(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """A page of a report that the person may see; where its file is gone, the report's own page says so.

    404 for a file that the storage has lost, 500 for one that somebody has altered.
    """

    @radiographer_required
    @require_safe
    @read_first
    @wraps(view)
    def checked(request: SignedInRequest, uuid: UUID, **rest: int) -> HttpResponseBase:
        found = seen_report(request, uuid)
        try:
            return view(request, found, **rest)
        except ReportUnavailable as error:
            status = HTTPStatus.NOT_FOUND if error.code == MISSING else HTTPStatus.INTERNAL_SERVER_ERROR
            return _page(request, found, status=status, fault=str(error))

    return checked


def _page(
    request: SignedInRequest, found: Report, *, status: HTTPStatus = HTTPStatus.OK, **more: object
) -> HttpResponse:
    context = {"report": found, "diagnosis": found.diagnosis, **more}
    return render(request, "diagnosis/reports/report.html", context, status=status)


@of_report
def report(request: SignedInRequest, found: Report) -> HttpResponse:
    """The page of a report: a picture of each of its pages, and links to open, save and print it."""
    return _page(request, found, pages=range(1, number_of_pages(read_report(found)) + 1))


@of_report
def report_page(request: SignedInRequest, found: Report, number: int) -> HttpResponse:
    """One page of a report as a picture."""
    pdf = read_report(found)
    if not 1 <= number <= number_of_pages(pdf):
        raise Http404
    return HttpResponse(page_picture(pdf, number), content_type="image/png")


@of_report
def report_open(request: SignedInRequest, found: Report) -> HttpResponse:
    """The PDF for the browser's own viewer, from which it is printed."""
    return as_file(request, found, "inline")


@of_report
def report_download(request: SignedInRequest, found: Report) -> HttpResponse:
    """The PDF to be saved."""
    return as_file(request, found, "attachment")


def as_file(request: SignedInRequest, found: Report, disposition: str) -> HttpResponse:
    """The PDF, and a note that it was handed out. Raises ReportUnavailable."""
    answer = pdf_answer(found.pdf, read_report(found), f'{disposition}; filename="{found.file_name}"')
    if request.method == "GET":
        report_handed_out(report=found, user=request.user)
    return answer


@login_not_required
@require_safe
def verify_form(request: HttpRequest) -> HttpResponse:
    """A field for the code that is printed on a report; leads to its page, or says that no report has it."""
    code = request.GET.get("code", "")
    found = typed_verification_code(code)
    if found and any(rows.filter(code=found).exists() for rows in (Report.objects, ErasedReport.objects)):
        return redirect("diagnosis:verify", found)
    status = HTTPStatus.NOT_FOUND if code else HTTPStatus.OK
    context = {"code": code[: CODE_LENGTH * 2], "is_unknown": bool(code)}
    return render(request, "diagnosis/reports/verify_form.html", context, status=status)


@login_not_required
@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Whether the report with this code is valid, and its file's SHA-256: nothing else, for anyone."""
    of_code = {"code": typed_verification_code(code)}
    found = Report.objects.filter(**of_code).first() or get_object_or_404(ErasedReport, **of_code)
    return render(request, "diagnosis/reports/verify.html", {"state": found.state, "sha256": found.sha256})
