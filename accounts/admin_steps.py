"""Suspend, reactivate, close, invite, unlock: what an administrator does to an account, each with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.errors import AccountError
from accounts.link_views import site_address
from accounts.models import User
from accounts.services import invitation_send, person_close, person_reactivate, person_suspend, person_unlock

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.utils.functional import _StrPromise as StrPromise

Status = User.Status
REASON_LENGTH = 300


@dataclass(frozen=True)
class Step:
    """One of the things that can be done, and in which status of the account."""

    name: str
    title: StrPromise
    explanation: StrPromise
    statuses: tuple[str, ...]
    service: Callable[..., None]
    needs_site: bool = False


STEPS = {
    step.name: step
    for step in (
        Step(
            "invite",
            _("Send an invitation"),
            _("A new link is sent by e-mail. Links of earlier invitations stop working."),
            (Status.INVITED, Status.CLOSED),
            invitation_send,
            needs_site=True,
        ),
        Step(
            "suspend",
            _("Suspend"),
            _(
                "The person is signed out everywhere with the next click, and cannot sign in until you "
                "reactivate the account."
            ),
            (Status.ACTIVE,),
            person_suspend,
        ),
        Step(
            "reactivate",
            _("Reactivate"),
            _("The person can sign in again with the same password and second factor as before."),
            (Status.SUSPENDED,),
            person_reactivate,
        ),
        Step(
            "unlock",
            _("Unlock sign-in"),
            _("The person can try again at once after too many wrong passwords."),
            (Status.ACTIVE,),
            person_unlock,
        ),
        Step(
            "close",
            _("Close"),
            _("The account is closed: password and second factor are deleted. What the person stored is kept."),
            (Status.INVITED, Status.ACTIVE, Status.SUSPENDED),
            person_close,
        ),
    )
}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("It stays in the account's history."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": ""}),
    )


def step_view(model_admin: ModelAdmin[User], request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Ask for the reason; with one, do it and return to the account."""
    person, step = get_object_or_404(User, pk=pk), STEPS.get(name)
    if step is None:
        raise Http404
    if not model_admin.has_change_permission(request, person):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _take(request, step, person, form.cleaned_data["reason"])
        return redirect("admin:accounts_user_change", person.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": step.title,
        "step": step,
        "form": form,
        "person": person,
        "opts": model_admin.opts,
    }
    return TemplateResponse(request, "admin/accounts/user/step.html", context)


def _take(request: HttpRequest, step: Step, person: User, reason: str) -> None:
    extra: dict[str, Any] = {"site": site_address(request)} if step.needs_site else {}
    try:
        step.service(actor=request.user, person=person, reason=reason, **extra)
    except AccountError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, gettext("Done: %(step)s.") % {"step": step.title})
