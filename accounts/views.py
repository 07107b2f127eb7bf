"""Sign-in, and a person's own profile."""

import logging
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.forms import OwnPasswordForm, ProfileForm, SignInForm
from accounts.models import User
from accounts.roles import SignedInRequest
from accounts.services import profile_update

logger = logging.getLogger(__name__)


class SignInView(LoginView):
    """Django's own sign-in, which follows `next` to this site only."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


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
    return render(request, "accounts/profile.html", {"form": form, "person": person}, status=status)


def _stored(form: ProfileForm, person: User) -> bool:
    try:
        profile_update(user=person, values=form.cleaned_data)
    except IntegrityError:
        form.add_error("email", _("A person with this e-mail address exists already."))
        return False
    return True


class PasswordView(PasswordChangeView):
    """Django's own: the session's key changes, and every other session of the person ends."""

    template_name = "accounts/password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("accounts:profile")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        logger.info("person %s changed the password", form.user.uuid)
        messages.success(self.request, _("Your password has been changed. You are signed out everywhere else."))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response
