"""To the next unreviewed study."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.models import Diagnosis
from diagnosis.worklist.bar import PARAMETER
from diagnosis.worklist.services import claim_end, claim_next


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
def next_unreviewed(request: SignedInRequest) -> HttpResponse:
    """The next one that nobody else is reading; a GET, such as that after signing in again, leads to the worklist."""
    if request.method != "POST":
        return redirect("diagnosis:worklist")
    after = _looked_at(request.user, request.POST.get("after", ""))
    if after:
        claim_end(user=request.user, study=after.study)
    return to_next(request, after)


def to_next(request: SignedInRequest, after: Diagnosis | None) -> HttpResponse:
    """The way to the study that is read next; to the worklist, which says so, where none is left."""
    found = claim_next(user=request.user, after=after)
    if found is None:
        messages.info(request, _("No other result is waiting for you."))
        return redirect("diagnosis:worklist")
    return redirect(f"{found.get_absolute_url()}?{PARAMETER}=1")


def _looked_at(user: User, text: str) -> Diagnosis | None:
    if not text:
        return None
    try:
        return Diagnosis.objects.visible_to(user).select_related("study").only("uuid", "study").get(uuid=UUID(text))
    except (Diagnosis.DoesNotExist, ValueError):
        raise Http404 from None
