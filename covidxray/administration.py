"""The administration site: Django's own, behind the one sign-in page of the site."""

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _


class AdministrationSite(admin.AdminSite):
    site_title = _("covidxray administration")
    site_header = _("covidxray administration")
    index_title = _("Accounts, institutions and models")

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Send a stranger to the sign-in page, and refuse whoever is signed in without being an administrator."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", "/admin/"))
