"""The administration's page that registers people from a CSV file: check first, then import what was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import AccountError
from accounts.importing import COLUMNS, MOST_BYTES, Line, people_invite, people_read, people_register
from accounts.link_views import site_address
from accounts.wording import listed

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    from accounts.models import User

MOST_AT_ONCE = 100
"""Each invitation is a message, and the page waits for all of them."""


class ImportForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV file"), required=False)
    text = forms.CharField(widget=forms.HiddenInput, required=False, max_length=MOST_BYTES, strip=False)

    @property
    def content(self) -> bytes:
        """Of the file that was chosen, or what was checked before."""
        file = self.cleaned_data.get("file")
        return file.read(MOST_BYTES + 1) if file else self.cleaned_data["text"].encode()


def import_view(model_admin: ModelAdmin[User], request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None)
    lines: list[Line] = []
    if request.method == "POST" and form.is_valid():
        try:
            content = form.content
            lines = people_read(content)
            if "import" in request.POST:
                _import(request, lines)
                return redirect("admin:accounts_user_changelist")
            form = ImportForm(initial={"text": content.decode("utf-8-sig")})
        except AccountError as error:
            form.add_error(None, str(error))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Import people from a CSV file"),
        "opts": model_admin.opts,
        "form": form,
        "lines": lines,
        "columns": ", ".join(COLUMNS),
        "has_problems": any(line.problems for line in lines) or len(lines) > MOST_AT_ONCE,
    }
    return TemplateResponse(request, "admin/accounts/user/import.html", context)


def _import(request: HttpRequest, lines: list[Line]) -> None:
    """Store first; the messages are sent after the transaction, because a slow mail server must not hold the rows."""
    actor: Any = request.user
    if len(lines) > MOST_AT_ONCE:
        message = _("At most %(number)d people at once here; manage.py import_people takes more.")
        raise AccountError(message % {"number": MOST_AT_ONCE})
    people = people_register(actor=actor, lines=lines)
    missed = people_invite(actor=actor, people=people, site=site_address(request))
    messages.success(request, _("%(number)d people are registered.") % {"number": len(people)})
    if missed:
        names = listed(person.username for person in missed)
        messages.error(request, _("Send these invitations again: %(names)s.") % {"names": names})
