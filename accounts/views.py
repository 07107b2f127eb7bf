"""Sign-in, and a person's own profile."""

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView, RedirectURLMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import FormView
from django.views.i18n import set_language

from accounts.api_tokens import bears_token
from accounts.audit_records import wrong_code_record
from accounts.errors import AccountError
from accounts.forms import CodeForm, OwnPasswordForm, ProfileForm, SignInForm
from accounts.models import User
from accounts.outside import is_linked
from accounts.roles import SignedInRequest
from accounts.second_factor import authenticator_of
from accounts.second_step import PENDING, person_pending, second_step
from accounts.services import profile_update
from accounts.sessions import note_activity, seconds_left
from accounts.typed import MOST_BYTES, typed_add

logger = logging.getLogger(__name__)


class SignInView(LoginView):
    """Django's own sign-in, which follows `next` to this site only.

    Who has a second factor is not signed in by the password: the session only notes that it was right.
    """

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        person = form.get_user()
        if not authenticator_of(person):
            return super().form_valid(form)
        return second_step(self.request, person, self.get_redirect_url())

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(has_single_sign_on=bool(settings.OIDC_RP_CLIENT_ID), **context)


@method_decorator(login_not_required, name="dispatch")
@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class CodeView(RedirectURLMixin, FormView):
    """The second step: a person who gave the right password within the last minutes gives a code."""

    template_name = "accounts/sign_in_code.html"
    form_class = CodeForm
    next_page = settings.LOGIN_REDIRECT_URL

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = person_pending(request)
        if person is None:
            messages.info(request, _("Please sign in with your password first."))
            query = urlencode({"next": self.get_redirect_url()})
            return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
        self.person = person
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"person": self.person, **super().get_form_kwargs()}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.get_redirect_url(), **context)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        backend = self.request.session.pop(PENDING)["backend"]
        self.person.otp_device = form.device  # type: ignore[attr-defined]  # django-otp keeps it in the session
        login(self.request, self.person, backend=backend)
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        logger.warning("person %s gave a wrong code", self.person.uuid)
        wrong_code_record(self.person)
        return self.render_to_response(self.get_context_data(form=form), status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_http_methods(["GET", "HEAD", "POST"])
def session(request: SignedInRequest) -> HttpResponse:
    """How many seconds the session lasts if nothing is done; asking is no activity, and a POST is."""
    if request.method == "POST":
        note_activity(request)
    return JsonResponse({"seconds": seconds_left(request)})


session.counts_as_activity = False  # type: ignore[attr-defined]


@login_not_required
@require_http_methods(["GET", "HEAD"])
def may_send(request: HttpRequest) -> HttpResponse:
    """204 for somebody who is signed in, by session or token, else 401: nginx asks before it takes a large body."""
    is_signed_in = request.user.is_authenticated and seconds_left(request) > 0
    return HttpResponse(
        status=HTTPStatus.NO_CONTENT if is_signed_in or bears_token(request) else HTTPStatus.UNAUTHORIZED
    )


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """The language of people who are not signed in, kept in a cookie; everybody else has it in the profile."""
    return set_language(request)


@login_not_required
@require_POST
def typed(request: HttpRequest) -> HttpResponse:
    """From the script of a page whose session has ended: what was typed and not sent (`accounts.typed`)."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    typed_add(request, request.POST.get("address", ""), request.POST)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """The person's own name, address and preferences; no address names anybody else's."""
    # A copy: a form writes into its row even what it refuses, and the page's head shows the row of the request.
    person = User.objects.select_related("institution").get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid() and _stored(form, person):
        messages.success(request, _("Your profile has been saved."))
        return redirect("accounts:profile")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"form": form, "person": person, "authenticator": authenticator_of(person)}
    context |= {"has_single_sign_on": bool(settings.OIDC_RP_CLIENT_ID), "is_linked": is_linked(person)}
    return render(request, "accounts/profile.html", context, status=status)


def _stored(form: ProfileForm, person: User) -> bool:
    try:
        profile_update(user=person, values=form.cleaned_data, before=form.before)
    except AccountError as error:  # changed between the form's check and the lock
        form.add_error(None, str(error))
        return False
    except IntegrityError:
        form.add_error("email", _("A person with this e-mail address exists already."))
        return False
    return True


class PasswordView(PasswordChangeView):
    """Django's own: the session's key changes, and every other session of the person ends."""

    template_name = "accounts/password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("accounts:profile")

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        del kwargs["user"]
        return {"request": self.request, **kwargs}

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("Your password has been changed. You are signed out everywhere else."))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response
