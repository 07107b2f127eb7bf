"""The home page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from diagnosis.history.recording import list_record
from diagnosis.home.counts import newest_results, tallies
from diagnosis.home.worklist import SHOWN_AT_HOME, worklist_of
from diagnosis.model_cards.versions import model_in_use
from diagnosis.uploads.forms import UploadForm


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Where a person lands: a radiographer's upload, counts and newest results, or what else the account is for."""
    if not request.user.is_radiographer:
        return render(request, "diagnosis/home/without_clinical_role.html", {"model": model_in_use()})
    user = request.user
    worklist = worklist_of(user, most=SHOWN_AT_HOME)
    recent = newest_results(user, without=[row.pk for row in worklist.rows])
    rows = len(worklist.rows) + len(recent)
    if rows:
        list_record(Action.RESULTS_LISTED, actor=user, rows=rows, asked=["home"])
    found = {"worklist": worklist, "recent": recent, "tallies": tallies(user)}
    return render(request, "diagnosis/home/home.html", {"form": UploadForm(), "model": model_in_use(), **found})


@radiographer_required
@require_safe
def worklist(request: SignedInRequest) -> HttpResponse:
    """What waits for a review, in the order in which it should be read."""
    found = worklist_of(request.user)
    if found.rows:
        list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(found.rows), asked=["worklist"])
    context = {"rows": found.rows, "waiting": found.waiting, "has_more": found.has_more}
    return render(request, "diagnosis/worklist/worklist.html", context)
