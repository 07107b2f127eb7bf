"""Signing in at the hospital's identity provider and coming back; linking one's account; signing out everywhere."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import jwt
import requests
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST
from mozilla_django_oidc.utils import absolutify
from mozilla_django_oidc.views import OIDCAuthenticationRequestView

from accounts.audit_records import WITH_SECOND_FACTOR, WITHOUT_SECOND_FACTOR
from accounts.forms import OwnPasswordNeeded
from accounts.models import ExternalIdentity, User
from accounts.outside import LetInNowhere, OutsidePerson, outside_link, person_from_outside, refusal_record
from accounts.roles import SignedInRequest
from accounts.second_factor import authenticator_of
from accounts.second_step import second_step
from accounts.services import person_sign_out_everywhere
from accounts.sessions import OUTSIDE_FACTOR
from accounts.single_sign_on.backend import ProviderBackend

logger = logging.getLogger(__name__)

BACKEND = "accounts.single_sign_on.backend.ProviderBackend"
LINKS = "sso_links"
"""In the session: which person asked, after giving the password, to be linked."""
_FAULTS = (SuspiciousOperation, jwt.PyJWTError, requests.RequestException, ValueError, KeyError)


@method_decorator(login_not_required, name="dispatch")
class LeaveView(OIDCAuthenticationRequestView):
    """To the provider."""

    def __init__(self, **options: Any) -> None:
        if not settings.OIDC_RP_CLIENT_ID:
            raise Http404
        super().__init__(**options)

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and LINKS not in request.session:
            return redirect(settings.LOGIN_REDIRECT_URL)
        response: HttpResponse = super().get(request)
        return response


@method_decorator(login_not_required, name="dispatch")
class ReturnView(View):
    """From the provider. Where it does not work, the sign-in page says why."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.OIDC_RP_CLIENT_ID:
            raise Http404
        try:
            outside, with_second_factor = _answered(request)
            if request.user.is_authenticated:
                return _linked(request, outside)
            return _signed_in(request, person_from_outside(outside), with_second_factor)
        except LetInNowhere as error:
            refusal_record(error, step="single-sign-on")
            messages.error(request, str(error))
        except _FAULTS as error:
            logger.warning("single sign-on failed: %s", type(error).__name__)
            messages.error(request, _("Signing in at your hospital did not work. Please try again."))
        request.session.pop("oidc_id_token", None)
        return redirect(_profile_or_sign_in(request))


def _profile_or_sign_in(request: HttpRequest) -> str:
    return resolve_url("accounts:profile" if request.user.is_authenticated else settings.LOGIN_URL)


def _answered(request: HttpRequest) -> tuple[OutsidePerson, bool]:
    """Each state is used once, and belongs to this browser's session."""
    states = request.session.get("oidc_states", {})
    known = states.pop(request.GET.get("state", ""), None)
    request.session["oidc_states"] = states
    if known is None or "code" not in request.GET:
        raise SuspiciousOperation("no sign-in was begun in this browser, or it was broken off")
    return ProviderBackend().answered(request, nonce=known["nonce"], code_verifier=known.get("code_verifier"))


def _linked(request: HttpRequest, outside: OutsidePerson) -> HttpResponse:
    if request.session.pop(LINKS, None) != request.user.pk:
        raise SuspiciousOperation("nobody asked to be linked")
    outside_link(outside=outside, person=User.objects.get(pk=str(request.user.pk)))
    messages.success(request, _("From now on you can sign in with your hospital's sign-in."))
    return redirect("accounts:profile")


def _signed_in(request: HttpRequest, person: User, with_second_factor: bool) -> HttpResponse:
    """Without a second factor there, the one that was set up here is asked for, as after a password."""
    following = request.session.get("oidc_login_next") or resolve_url(settings.LOGIN_REDIRECT_URL)
    if not with_second_factor and authenticator_of(person):
        person.backend = BACKEND
        return second_step(request, person, following)
    person.signed_in_outside = WITH_SECOND_FACTOR if with_second_factor else WITHOUT_SECOND_FACTOR  # type: ignore[attr-defined]
    login(request, person, backend=BACKEND)
    request.session[OUTSIDE_FACTOR] = with_second_factor
    return HttpResponseRedirect(following)


class SignOutView(LogoutView):
    """Signs out here, and a person who came from the provider there too, which tells the hospital's other sites."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        token = request.session.get("oidc_id_token")
        response = super().post(request, *args, **kwargs)
        if not (token and settings.OIDC_OP_END_SESSION_ENDPOINT):
            return response
        back = absolutify(request, reverse(settings.LOGIN_URL))
        query = {"id_token_hint": token, "post_logout_redirect_uri": back, "client_id": settings.OIDC_RP_CLIENT_ID}
        return HttpResponseRedirect(f"{settings.OIDC_OP_END_SESSION_ENDPOINT}?{urlencode(query)}")


@require_http_methods(["GET", "HEAD", "POST"])
def link(request: SignedInRequest) -> HttpResponse:
    """Before one's own account is linked with the hospital's, the password of this one."""
    if not settings.OIDC_RP_CLIENT_ID:
        raise Http404
    form = OwnPasswordNeeded(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        request.session[LINKS] = request.user.pk
        return redirect("accounts:sso")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "accounts/sso_link.html", {"form": form}, status=status)


@csrf_exempt  # the provider's server asks; its token is signed
@login_not_required
@require_POST
def back_channel(request: HttpRequest) -> HttpResponse:
    """The person signed out at the provider, or at another site of the hospital: every session here ends."""
    if not settings.OIDC_RP_CLIENT_ID:
        raise Http404
    try:
        subject = ProviderBackend().logged_out_subject(request.POST.get("logout_token", ""))
    except _FAULTS as error:
        logger.warning("a logout token was refused: %s", type(error).__name__)
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    identity = ExternalIdentity.objects.filter(issuer=settings.OIDC_OP_ISSUER, subject=subject).first()
    if identity:
        person_sign_out_everywhere(person=identity.person)
    return HttpResponse(status=HTTPStatus.OK)
