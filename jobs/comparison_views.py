"""Comparisons of two versions: for administrators the counts, for radiographers which of their radiographs change."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from audit.services import record
from diagnosis.errors import DiagnosisError
from diagnosis.models import Diagnosis
from diagnosis.wording.errors import error_text
from jobs.comparisons import ANSWERS, changed_for, comparison_of, comparison_start
from jobs.models import Job
from jobs.progress import progress_of
from jobs.words import progress_text

MOST_SHOWN = 200


def compare_page(site: AdminSite) -> Callable[..., HttpResponse]:
    """In the administration: the newest comparison of a version, and the button that starts one."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def compare(request: SignedInRequest, version: str) -> HttpResponse:
        if request.method == "POST":
            try:
                comparison_start(actor=request.user, version=version)
            except DiagnosisError as error:
                messages.error(request, error_text(error))
            return redirect("admin:jobs_job_compare", version)
        job = Job.objects.comparisons().filter(version=version).first()
        context = {**site.each_context(request), "title": _("Compare with the version in use"), "version": version}
        return TemplateResponse(request, "admin/jobs/job/compare.html", context | _about(job))

    return site.admin_view(compare)


def _about(job: Job | None) -> dict[str, object]:
    if job is None:
        return {}
    progress = progress_of(job)
    return {"job": job, "text": progress_text(job, progress), "comparison": comparison_of(job), "answers": _labels()}


def _labels() -> list[str]:
    return [str(Diagnosis.Label(answer).label) for answer in ANSWERS]


@radiographer_required
@require_safe
def comparison(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Which of the results that the person may see the other version would answer differently."""
    job = get_object_or_404(Job.objects.comparisons(), uuid=uuid)
    rows = list(changed_for(request.user, job, MOST_SHOWN + 1))
    if request.method == "GET":
        record(Action.VERSIONS_COMPARED, actor=request.user, subject=job, detail={"rows": len(rows)})
    context = {"job": job, "rows": rows[:MOST_SHOWN], "has_more": len(rows) > MOST_SHOWN, "most": MOST_SHOWN}
    return render(request, "jobs/comparison.html", context)
