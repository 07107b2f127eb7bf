"""The administration site: Django's own, behind the one sign-in page of the site."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _


class AdministrationSite(admin.AdminSite):
    site_title = _("covidxray administration")
    site_header = _("covidxray administration")
    index_title = _("Accounts, institutions and models")

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Instead of Django's own sign-in page: send strangers to the site's, refuse a person without the role."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied

    def get_urls(self) -> list[Any]:
        """Without the way from a row's number to its page: it told identifiers, of every institution's patients too."""
        return [each for each in super().get_urls() if getattr(each, "name", None) != "view_on_site"]

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """The profile's page for it is the only one."""
        return redirect("accounts:password")
