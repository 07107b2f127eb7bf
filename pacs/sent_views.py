"""The page of what goes back into the PACS: each object with its state and its reason, and what was given up again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from audit.services import record
from diagnosis.models import Diagnosis
from diagnosis.reviews.access import read_first, refuse_hidden
from pacs.forms import begins_before
from pacs.models import Outgoing, Peer
from pacs.outbox import has_study, result_send
from pacs.search import outbox_page
from pacs.services import outgoing_retry


@radiographer_required
@require_safe
def sent(request: SignedInRequest) -> HttpResponse:
    """What was sent, waits or was given up; newest first. `shown=stopped`: only what was given up."""
    is_stopped = request.GET.get("shown") == "stopped"
    page = outbox_page(request.user, begins_before(request.GET), only_stopped=is_stopped)
    record(Action.PACS_LISTED, actor=request.user, detail={"rows": len(page.rows), "list": "sent"})
    return render(request, "pacs/sent.html", {"page": page, "is_stopped": is_stopped})


@radiographer_required
@require_POST
def send_again(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Set one that was given up going again."""
    row = get_object_or_404(Outgoing.objects.shown_to(request.user).filter(state=Outgoing.State.DEAD), uuid=uuid)
    outgoing_retry(outgoing=row, actor=request.user)
    messages.info(request, _("Queued. It will be sent as soon as possible."))
    return redirect("pacs:sent")


@radiographer_required
@require_POST
@read_first
def send_result(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Send a result into each archive that takes results of the person's institution."""
    results = Diagnosis.objects.visible_to(request.user).select_related("study", "model_version")
    diagnosis = get_object_or_404(results, uuid=uuid)
    refuse_hidden(request.user, diagnosis)
    peers = Peer.objects.returning_for(request.user)
    if not has_study(diagnosis.study) or diagnosis.study.voided or not peers:
        raise Http404
    for peer in peers:
        result_send(diagnosis=diagnosis, peer=peer, actor=request.user)
    messages.info(request, _("Queued. It will be sent as soon as possible."))
    return redirect("pacs:sent")
