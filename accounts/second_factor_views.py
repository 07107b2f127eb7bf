"""A person's own second factor: setting it up, recovery codes, removing it. All of it needs the password again."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as note_device

from accounts.forms import EnrolmentForm, OwnPasswordNeeded
from accounts.roles import SignedInRequest
from accounts.second_factor import authenticator_of, authenticator_to_confirm, key_to_type, qr_code, recovery_codes_of
from accounts.services import recovery_codes_renew, second_factor_confirm, second_factor_remove

_SHOWN_ONCE = "recovery_codes_are_new"


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """Whether there is a second factor, and what can be done about it."""
    return _overview(request, OwnPasswordNeeded(request))


def _overview(request: SignedInRequest, form: OwnPasswordNeeded) -> HttpResponse:
    context = {
        "form": form,
        "authenticator": authenticator_of(request.user),
        "codes_left": len(recovery_codes_of(request.user)),
        "is_required": request.user.is_staff and settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "accounts/second_factor.html", context, status=status)


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: SignedInRequest) -> HttpResponse:
    """Show the code to scan; take its first six digits."""
    form = EnrolmentForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = second_factor_confirm(person=request.user, code=form.cleaned_data["code"])
        if device:
            update_session_auth_hash(request, request.user)
            note_device(request, device)
            request.session[_SHOWN_ONCE] = True
            return redirect("accounts:recovery-codes")
        form.add_error("code", _("This code is wrong. Wait for the next one and enter that."))
    return _set_up_page(request, form)


def _set_up_page(request: SignedInRequest, form: EnrolmentForm) -> HttpResponse:
    device = authenticator_to_confirm(request.user)
    context = {
        "form": form,
        "qr_code": mark_safe(qr_code(device)),  # noqa: S308 - drawn here, of nothing but squares
        "key": key_to_type(device),
        "has_one": authenticator_of(request.user) is not None,
        "is_required": request.user.is_staff and settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "accounts/second_factor_set_up.html", context, status=status)


@require_safe
def recovery_codes(request: SignedInRequest) -> HttpResponse:
    """The new recovery codes, once."""
    if not request.session.pop(_SHOWN_ONCE, False):
        return redirect("accounts:second-factor")
    codes = recovery_codes_of(request.user)
    as_text = "\n".join([f"covidxray, {request.user.get_username()}", *codes, ""])
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "as_text": as_text})


@sensitive_post_parameters("password")
@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    """New recovery codes instead of the old ones."""
    form = OwnPasswordNeeded(request, request.POST)
    if not authenticator_of(request.user) or not form.is_valid():
        return _overview(request, form)
    recovery_codes_renew(person=request.user)
    request.session[_SHOWN_ONCE] = True
    return redirect("accounts:recovery-codes")


@sensitive_post_parameters("password")
@require_POST
def remove(request: SignedInRequest) -> HttpResponse:
    """The password alone is enough again."""
    form = OwnPasswordNeeded(request, request.POST)
    if not form.is_valid():
        return _overview(request, form)
    second_factor_remove(actor=request.user, person=request.user)
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Your second factor has been removed. You are signed out everywhere else."))
    return redirect("accounts:second-factor")
