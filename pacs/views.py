"""From the PACS: search an archive, look at a study's radiographs, fetch one; and the list of what has come."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from PIL import Image

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from audit.services import record
from diagnosis.errors import DiagnosisError
from diagnosis.imaging.decoding import read_untrusted
from diagnosis.uploads.services import can_be_stored
from diagnosis.wording.errors import error_text
from pacs.archives import radiographs_of, search_studies
from pacs.dicomweb import fetch_preview
from pacs.errors import ArchiveFault
from pacs.forms import ReceivedForm, SearchForm, begins_before
from pacs.heads import is_uid
from pacs.models import Instance, Peer
from pacs.queries import MOST_STUDIES, StudyQuery
from pacs.search import known_results, ledger_page
from pacs.services import InstanceHead, instance_found, instance_retry
from pacs.work import treat_now

PREVIEW_SIDE = 480


@radiographer_required
@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    """The form, and what the archive found."""
    is_asked = any(name in request.GET for name in SearchForm.base_fields)
    form = SearchForm(request.user, data=request.GET if is_asked else None)
    context: dict[str, Any] = {"form": form, "archives": Peer.objects.searched_by(request.user)}
    if not is_asked or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_asked else HTTPStatus.OK
        return render(request, "pacs/search.html", context, status=status)
    peer = form.cleaned_data["archive"]
    try:
        studies = search_studies(peer, form.query)
    except ArchiveFault as error:
        return _fault(request, "pacs/search.html", context, error)
    record(
        Action.PACS_SEARCHED,
        actor=request.user,
        subject=peer,
        detail={"rows": len(studies), "filters": sorted(form.asked)},
    )
    context |= {"studies": studies[:MOST_STUDIES], "has_more": len(studies) > MOST_STUDIES, "peer": peer}
    return render(request, "pacs/search.html", context)


@radiographer_required
@require_safe
def study(request: SignedInRequest, uuid: UUID, study: str) -> HttpResponse:
    """The radiographs of one study in the archive, each with a preview and a button that fetches it."""
    peer = _archive(request, uuid, study)
    context: dict[str, Any] = {"peer": peer, "study": study}
    try:
        found = search_studies(peer, StudyQuery(study_instance_uid=study))
        radiographs = radiographs_of(peer, study)
    except ArchiveFault as error:
        return _fault(request, "pacs/study.html", context, error)
    known = known_results(request.user, radiographs)
    context["found"] = found[0] if found else None
    context["rows"] = [(radiograph, known.get(radiograph.sop_instance_uid)) for radiograph in radiographs]
    record(
        Action.PACS_SEARCHED,
        actor=request.user,
        subject=peer,
        detail={"rows": len(radiographs), "filters": ["study"]},
    )
    return render(request, "pacs/study.html", context)


@radiographer_required
@require_safe
def preview(request: SignedInRequest, uuid: UUID, study: str, series: str, instance: str) -> HttpResponse:
    """A small picture: drawn by the archive, decoded in a process of its own, and encoded anew here."""
    peer = _archive(request, uuid, study, series, instance)
    if not peer.has_dicomweb:
        raise Http404
    try:
        pixels = read_untrusted(fetch_preview(peer, study, series, instance)).pixels
    except DiagnosisError as error:  # the archive, the picture, or no process to read it
        raise Http404 from error
    record(Action.PACS_VIEWED, actor=request.user, subject=peer, detail={"instance": instance})
    picture, encoded = Image.fromarray(pixels), io.BytesIO()
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    picture.save(encoded, "JPEG", quality=85)
    return HttpResponse(encoded.getvalue(), content_type="image/jpeg")


@radiographer_required
@require_POST
def fetch(request: SignedInRequest, uuid: UUID, study: str, series: str, instance: str) -> HttpResponse:
    """Fetch a radiograph in the person's name and classify it; its result, or why there is none yet."""
    peer = _archive(request, uuid, study, series, instance)
    head = InstanceHead(instance, series_instance_uid=series, study_instance_uid=study)
    row, _is_new = instance_found(peer=peer, head=head, person=request.user)
    if not Instance.objects.visible_to(request.user).filter(pk=row.pk).exists():
        messages.error(
            request,
            _("A colleague has fetched this radiograph. You can see only your own, so please ask your colleague."),
        )
        return redirect("pacs:study", uuid, study)
    record(Action.PACS_FETCHED, actor=request.user, subject=row)
    return _going(request, row)


def _going(request: SignedInRequest, row: Instance) -> HttpResponse:
    """One attempt while the person waits. C-MOVE takes two: the archive sends, then it is classified."""
    row = treat_now(row)
    if row.state == Instance.State.RECEIVED:
        row = treat_now(row)
    if row.state == Instance.State.STORED and row.study:
        messages.info(request, _("Stored without an answer."))
        return redirect(row.study)
    if row.state == Instance.State.ERASED:
        messages.error(request, _("This radiograph was erased here and will not be fetched again."))
    elif diagnosis := row.diagnosis:
        return redirect(diagnosis)
    elif row.why:
        messages.error(request, row.why)
    else:
        messages.info(request, _("Queued. It will be fetched and classified as soon as possible."))
    return redirect("pacs:received")


@radiographer_required
@require_safe
def received(request: SignedInRequest) -> HttpResponse:
    """What has come from the PACS, with origin, state and reason; newest first."""
    form = ReceivedForm(request.GET, label_suffix="")
    page = ledger_page(request.user, form.states, begins_before(request.GET))
    record(Action.PACS_LISTED, actor=request.user, detail={"rows": len(page.rows)})
    return render(request, "pacs/received.html", {"form": form, "page": page})


@radiographer_required
@require_POST
def retry(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Set one that was refused or given up going again."""
    row = get_object_or_404(Instance.objects.visible_to(request.user).shown(), uuid=uuid)
    return _going(request, instance_retry(instance=row, actor=request.user))


@radiographer_required
@require_POST
def store(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Store one without an answer that the model refused."""
    row = get_object_or_404(Instance.objects.visible_to(request.user).shown(), uuid=uuid)
    is_refused = row.state == Instance.State.REFUSED and can_be_stored(row.reason)
    return _going(request, instance_retry(instance=row, actor=request.user, without_answer=is_refused))


def _archive(request: SignedInRequest, uuid: UUID, *uids: str) -> Peer:
    """404 for an archive that the person may not search, and for what is no UID."""
    if not all(map(is_uid, uids)):
        raise Http404
    archives = Peer.objects.searched_by(request.user).select_related("institution")
    return get_object_or_404(archives, uuid=uuid)


def _fault(request: SignedInRequest, template: str, context: dict[str, Any], error: ArchiveFault) -> HttpResponse:
    context["fault"] = error_text(error)
    return render(request, template, context, status=HTTPStatus.SERVICE_UNAVAILABLE)
