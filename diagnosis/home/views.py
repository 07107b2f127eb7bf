"""The home page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import SignedInRequest
from audit.models import Action
from diagnosis.history.recording import list_record
from diagnosis.home.counts import newest_results, tallies, unreviewed_results
from diagnosis.model_cards.versions import model_in_use
from diagnosis.uploads.forms import UploadForm


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Where a person lands: a radiographer's upload, counts and newest results, or what else the account is for."""
    if not request.user.is_radiographer:
        return render(request, "diagnosis/home/without_clinical_role.html", {"model": model_in_use()})
    user = request.user
    unreviewed, recent = unreviewed_results(user), newest_results(user)
    rows = len(unreviewed.rows) + len(recent)
    if rows:
        list_record(Action.RESULTS_LISTED, actor=user, rows=rows, asked=["home"])
    found = {"unreviewed": unreviewed, "recent": recent, "tallies": tallies(user)}
    return render(request, "diagnosis/home/home.html", {"form": UploadForm(), "model": model_in_use(), **found})
