"""The pages behind the links that are sent by e-mail: an invitation, and a forgotten password."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetDoneView, PasswordResetView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from accounts.errors import AccountError
from accounts.forms import ForgottenPasswordForm, InvitationForm, NewPasswordForm
from accounts.link_tokens import invitation_tokens, reset_tokens
from accounts.models import User


def site_address(request: HttpRequest) -> str:
    """The address of the site for links in messages and reports: the setting SITE_URL, else that of the request.

    A server's links never bear a port that somebody has put into a request: ALLOWED_HOSTS says nothing of ports.
    """
    host = request.get_host()
    if not settings.DEVELOPMENT:
        host = host if host.endswith("]") else host.rpartition(":")[0] or host
    return settings.SITE_URL.rstrip("/") or f"{request.scheme}://{host}"


class LinkView(PasswordResetConfirmView):
    """Django's: the link's secret moves into the session at once, so that no address shows it."""

    template_name = "accounts/link.html"
    success_url = reverse_lazy("accounts:sign-in")
    done: str

    def get_user(self, uidb64: str) -> User | None:
        """None for an account that was suspended or closed since."""
        person = super().get_user(uidb64)
        usable = (User.Status.ACTIVE, User.Status.INVITED)
        return person if isinstance(person, User) and person.status in usable else None

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            response = super().form_valid(form)
        except AccountError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, self.done)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        if not self.validlink:
            context["form"] = None  # the link may belong to no one
        return super().get_context_data(is_invitation=isinstance(self, InvitationView), person=self.user, **context)


class InvitationView(LinkView):
    """An invited person gives name and password, and can sign in then."""

    form_class = InvitationForm
    token_generator = invitation_tokens

    @property
    def done(self) -> str:  # type: ignore[override]
        return _("Your account is ready. Sign in with your user name and password.")


class NewPasswordView(LinkView):
    """Somebody who forgot the password chooses a new one."""

    form_class = NewPasswordForm
    token_generator = reset_tokens

    @property
    def done(self) -> str:  # type: ignore[override]
        return _("Your password has been changed. You are signed out everywhere.")


class ForgottenPasswordView(PasswordResetView):
    """The same answer whatever the address. Only an active person is sent a link."""

    template_name = "accounts/forgotten.html"
    form_class = ForgottenPasswordForm
    subject_template_name = "accounts/mail/forgotten_subject.txt"
    email_template_name = "accounts/mail/forgotten.txt"
    success_url = reverse_lazy("accounts:forgotten-sent")

    def form_valid(self, form: Any) -> HttpResponse:
        self.extra_email_context = {
            "site": site_address(self.request),
            "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        }
        super().form_valid(form)
        return redirect(str(self.success_url))

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=HTTPStatus.UNPROCESSABLE_ENTITY)


class ForgottenPasswordSentView(PasswordResetDoneView):
    template_name = "accounts/forgotten_sent.html"
