"""The administration site: Django's own, behind the one sign-in page of the site."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _


class AdministrationSite(admin.AdminSite):
    site_title = _("covidxray administration")
    site_header = _("covidxray administration")
    index_title = _("Accounts, institutions and models")

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Where Django's own sign-in page would be. Strangers never come here: the site's own page stands before it."""
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied
