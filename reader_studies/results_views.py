"""The results of a closed reader study, as a page and as a file."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from audit.services import record
from diagnosis.reviews.blinding import hidden_studies
from diagnosis.reviews.embargoes import embargoes_of, has_embargoes
from reader_studies.export import reading_lines
from reader_studies.models import ReaderStudy
from reader_studies.results import results_of
from reader_studies.results_page import ResultsPage, page_of


@radiographer_required
@require_safe
def results(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """For the leader and for its readers, once it is closed."""
    found = _closed(request, uuid)
    if not isinstance(found, ReaderStudy):
        return found
    record(Action.READER_STUDY_VIEWED, actor=request.user, subject=found)
    page: ResultsPage = page_of(request.user, results_of(found))
    return render(request, "reader_studies/results.html", {"study": found, "page": page, "panels": page.panels})


@radiographer_required
@require_safe
def results_file(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """One line for each reading, for statistics programs: cases and readers by number."""
    found = _closed(request, uuid)
    if not isinstance(found, ReaderStudy):
        return found
    if request.method == "GET":
        record(Action.READER_STUDY_EXPORTED, actor=request.user, subject=found)
    response = StreamingHttpResponse(reading_lines(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="covidxray-reader-study-{found.uuid}.csv"'
    return response


def _tells_hidden(user: User, found: ReaderStudy) -> bool:
    """Whether another reader study hides answers of its cases from the person; of a leader, who gets to the patients,
    blind reading too.
    """
    studies = found.cases.values_list("study", flat=True)
    if found.leader_id == user.pk:
        return bool(hidden_studies(user, studies))
    return has_embargoes(user) and embargoes_of(user).filter(study__in=list(studies)).exists()


def _closed(request: SignedInRequest, uuid: UUID) -> ReaderStudy | HttpResponse:
    """The reader study; back to its page while it is open."""
    found = get_object_or_404(ReaderStudy.objects.visible_to(request.user), uuid=uuid)
    if found.state != ReaderStudy.State.CLOSED:
        messages.info(request, _("There are results when the reader study is closed."))
    elif _tells_hidden(request.user, found):
        messages.info(
            request, _("The results tell answers that are hidden from you until you have read them elsewhere.")
        )
    else:
        return found
    return redirect(found)
