"""Jobs: start one, see how far it is and what became of each radiograph, stop, go on, try again, download, delete."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from audit.services import record
from diagnosis.errors import DiagnosisError
from diagnosis.wording.errors import error_text
from jobs.export import FILES, job_file
from jobs.forms import MEGABYTES, SHOWN, JobForm, shown_states
from jobs.models import Job
from jobs.progress import progress_of
from jobs.search import item_page
from jobs.services import job_delete, job_resume, job_retry, job_start, job_stop
from jobs.words import progress_text

MOST_LISTED, MOST_COMPARISONS = 100, 5


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
def jobs(request: SignedInRequest) -> HttpResponse:
    """The person's jobs, and the form that starts one."""
    form = JobForm(request.user)
    if request.method == "POST":
        form = JobForm(request.user, request.POST, request.FILES)
        if form.is_valid():
            try:
                return redirect(job_start(form.new_job))
            except DiagnosisError as error:
                form.add_error(None, error_text(error))
    rows = Job.objects.visible_to(request.user).order_by("-pk")[:MOST_LISTED]
    context = {"form": form, "rows": [(row, progress_of(row)) for row in rows], "megabytes": MEGABYTES}
    context["comparisons"] = Job.objects.comparisons()[:MOST_COMPARISONS]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "jobs/jobs.html", context, status=status)


def job_of(request: SignedInRequest, uuid: UUID) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.user), uuid=uuid)


@radiographer_required
@require_safe
@vary_on_headers("Accept")
def job(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """How far it is, and its radiographs; for a script the progress alone."""
    found = job_of(request, uuid)
    progress = progress_of(found)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"state": found.state, "percent": progress.percent, "text": progress_text(found, progress)})
    page = item_page(request.user, found, shown_states(request.GET.get("show", "")), _number(request.GET.get("after")))
    if page.rows and request.method == "GET":
        record(Action.JOB_VIEWED, actor=request.user, subject=found, detail={"rows": len(page.rows)})
    context = {"job": found, "progress": progress, "text": progress_text(found, progress), "page": page}
    context |= {"shown": request.GET.get("show", ""), "choices": [(key, label) for key, (label, _s) in SHOWN.items()]}
    return render(request, "jobs/job.html", context)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


@radiographer_required
@require_POST
def stop(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    return redirect(job_stop(job=job_of(request, uuid), actor=request.user))


@radiographer_required
@require_POST
def resume(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    return redirect(job_resume(job=job_of(request, uuid), actor=request.user))


@radiographer_required
@require_POST
def retry(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Set everything going again that was refused or given up."""
    found = job_of(request, uuid)
    number = job_retry(job=found, actor=request.user)
    if number:
        text = ngettext("%(n)d radiograph is tried again.", "%(n)d radiographs are tried again.", number)
        messages.info(request, text % {"n": number})
    else:
        messages.info(request, _("There is nothing to try again, or its archive is no longer kept."))
    return redirect(found)


@radiographer_required
@require_POST
def delete(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    found = job_of(request, uuid)
    try:
        job_delete(job=found, actor=request.user)
    except DiagnosisError as error:
        messages.error(request, error_text(error))
        return redirect(found)
    return redirect("jobs:jobs")


@radiographer_required
@require_safe
def file(request: SignedInRequest, uuid: UUID, form: str) -> HttpResponseBase:
    """Every radiograph of the job as CSV or JSON Lines."""
    if form not in FILES:
        raise Http404
    found = job_of(request, uuid)
    return job_file(request.user, found, form, is_recorded=request.method == "GET")
