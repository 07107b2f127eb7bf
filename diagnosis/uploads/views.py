"""The upload page. A script sends it one file after another and reads JSON; without one, a form sends them all."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.roles import SignedInRequest, radiographer_required
from accounts.typed import typed_restore
from audit.models import Action
from diagnosis.history.recording import list_record
from diagnosis.models import UploadRecord
from diagnosis.models.uploads import HELD_MINUTES, HISTORY_DAYS
from diagnosis.uploads.answers import UploadAnswer, UploadState, held_answer, upload_answers
from diagnosis.uploads.forms import TOO_LARGE, UploadForm
from diagnosis.uploads.history import held_record

SHOWN, SHOWN_AT_UPLOAD = 300, 10


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("Accept")
def upload(request: SignedInRequest) -> HttpResponse:
    """Files to their results. A refused file is shown with its reason, and the others go on.

    It is held for an hour, for the one click that stores it without an answer, or turns it.
    """
    if request.method != "POST":
        return _form_page(request)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _invalid(request, form)
    files = form.cleaned_data["radiograph"]
    answers = [
        answer
        for file in files
        for answer in upload_answers(user=request.user, file=file, entered=form.entered, holds=True)
    ]
    return _with_retry_after(_answered(request, form, answers), answers)


def _answered(request: SignedInRequest, form: UploadForm, answers: list[UploadAnswer]) -> HttpResponse:
    if len(answers) > 1:
        return _several(request, answers)
    if _is_for_script(request):
        return JsonResponse(answers[0].as_dict(), status=answers[0].status)
    return _one(request, form, answers[0])


def _with_retry_after(response: HttpResponse, answers: list[UploadAnswer]) -> HttpResponse:
    """Where the server was too busy for a file, say when to come again."""
    seconds = max((answer.retry_after or 0 for answer in answers), default=0)
    if seconds and response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(seconds)
    return response


def _is_for_script(request: SignedInRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _form_page(request: SignedInRequest) -> HttpResponse:
    """The page; for a script a fresh CSRF token, and who is signed in now: it may be somebody else by then."""
    if _is_for_script(request):
        return JsonResponse({"csrf_token": get_token(request), "person": str(request.user.uuid)})
    form = UploadForm()
    typed_restore(request, request.path, form)
    return render(request, "diagnosis/uploads/upload.html", {"form": form, "records": _newest(request)})


def _newest(request: SignedInRequest) -> list[UploadRecord]:
    """The person's last uploads, for the upload page: there after the browser's Back too."""
    records = list(UploadRecord.objects.visible_to(request.user).newest_first()[:SHOWN_AT_UPLOAD])
    if records and request.method == "GET":
        list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(records), asked=["uploads"])
    return records


@radiographer_required
@require_safe
def history(request: SignedInRequest) -> HttpResponse:
    """What became of each file that the person uploaded in the last days; `?only=refused` leaves the others out."""
    only_refused = request.GET.get("only") == UploadState.REFUSED
    records = UploadRecord.objects.visible_to(request.user).newest_first()
    rows = list((records.refused() if only_refused else records)[: SHOWN + 1])
    list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(rows), asked=["uploads"])
    context = {"records": rows[:SHOWN], "has_more": len(rows) > SHOWN, "only_refused": only_refused}
    context |= {"days": HISTORY_DAYS, "minutes": HELD_MINUTES, "most": SHOWN}
    return render(request, "diagnosis/uploads/history.html", context)


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("Accept")
def held(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Store a refused file without an answer; with `do=correct` turn or invert it as its refusal proposed."""
    record = held_record(request.user, uuid)
    if record is None:
        raise Http404
    if record.study or request.method != "POST":
        return _at_held(request, record)
    try:
        answer = _answer_of_held(request, record)
    except FileNotFoundError:
        answer = UploadAnswer(record.file_name, UploadState.REFUSED, HTTPStatus.GONE, _not_held())
    if _is_for_script(request):
        return JsonResponse(answer.as_dict(), status=answer.status)
    if answer.state != UploadState.DONE:
        messages.info(request, answer.text)
    return redirect(answer.address or "diagnosis:uploads")


def _at_held(request: SignedInRequest, record: UploadRecord) -> HttpResponse:
    """After a second click, or signing in again: where the file is by now."""
    if _is_for_script(request) and record.study:
        body = {"state": record.state, "text": "", "result": record.study.get_absolute_url()}
        return JsonResponse(body)
    return redirect(record.study or "diagnosis:uploads")


def _answer_of_held(request: SignedInRequest, record: UploadRecord) -> UploadAnswer:
    """Raises FileNotFoundError where it is held no longer."""
    if not record.is_held:
        raise FileNotFoundError
    is_corrected = request.POST.get("do") == "correct"
    return held_answer(record=record, correction=record.correction if is_corrected else "")


def _not_held() -> str:
    return _("This file is no longer kept here. Upload it again.")


def _invalid(request: SignedInRequest, form: UploadForm) -> HttpResponse:
    too_large = form.has_error("radiograph", TOO_LARGE)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.UNPROCESSABLE_ENTITY
    if _is_for_script(request):
        fields = {form[name].auto_id: " ".join(map(str, errors)) for name, errors in form.errors.items()}
        return JsonResponse({"state": UploadState.REFUSED, "text": "", "fields": fields}, status=status)
    return render(request, "diagnosis/uploads/upload.html", {"form": form}, status=status)


def _one(request: SignedInRequest, form: UploadForm, answer: UploadAnswer) -> HttpResponse:
    if not answer.address:
        form.add_error("radiograph", answer.text)
        if answer.correction:  # chosen already, for the person who sends the same file again
            data = request.POST.copy()
            data["correction"] = answer.correction
            form.data = data
        context = {"form": form, "refused": answer.file_name, "answer": answer}
        return render(request, "diagnosis/uploads/upload.html", context, status=answer.status)
    if answer.state != UploadState.DONE:
        messages.info(request, answer.text)
    return redirect(answer.address)


def _several(request: SignedInRequest, answers: list[UploadAnswer]) -> HttpResponse:
    """What became of each file."""
    status = HTTPStatus.OK if any(answer.study for answer in answers) else answers[0].status
    if _is_for_script(request):
        named = [answer.as_dict() | {"file": answer.file_name} for answer in answers]
        return JsonResponse({"answers": named}, status=status)
    return render(request, "diagnosis/uploads/answers.html", {"answers": answers}, status=status)
