"""The upload page. A script sends it one file after another and reads JSON; without one, a form sends them all."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.uploads.answers import UploadAnswer, UploadState, upload_answers
from diagnosis.uploads.forms import TOO_LARGE, UploadForm


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("Accept")
def upload(request: SignedInRequest) -> HttpResponse:
    """Files to their results. A refused file is shown with its reason, nothing of it is kept, and the others go on."""
    if request.method != "POST":
        return _form_page(request)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _invalid(request, form)
    files = form.cleaned_data["radiograph"]
    answers = [
        answer for file in files for answer in upload_answers(user=request.user, file=file, entered=form.entered)
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
    return render(request, "diagnosis/uploads/upload.html", {"form": UploadForm()})


def _invalid(request: SignedInRequest, form: UploadForm) -> HttpResponse:
    too_large = form.has_error("radiograph", TOO_LARGE)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.UNPROCESSABLE_ENTITY
    if _is_for_script(request):
        fields = {form[name].auto_id: " ".join(map(str, errors)) for name, errors in form.errors.items()}
        return JsonResponse({"state": UploadState.REFUSED, "text": "", "fields": fields}, status=status)
    return render(request, "diagnosis/uploads/upload.html", {"form": form}, status=status)


def _one(request: SignedInRequest, form: UploadForm, answer: UploadAnswer) -> HttpResponse:
    if answer.diagnosis is None:
        form.add_error("radiograph", answer.text)
        if answer.correction:  # chosen already, for the person who sends the same file again
            data = request.POST.copy()
            data["correction"] = answer.correction
            form.data = data
        context = {"form": form, "refused": answer.file_name}
        return render(request, "diagnosis/uploads/upload.html", context, status=answer.status)
    if answer.state != UploadState.DONE:
        messages.info(request, answer.text)
    return redirect(answer.diagnosis)


def _several(request: SignedInRequest, answers: list[UploadAnswer]) -> HttpResponse:
    """What became of each file."""
    status = HTTPStatus.OK if any(answer.diagnosis for answer in answers) else answers[0].status
    if _is_for_script(request):
        named = [answer.as_dict() | {"file": answer.file_name} for answer in answers]
        return JsonResponse({"answers": named}, status=status)
    return render(request, "diagnosis/uploads/answers.html", {"answers": answers}, status=status)
