"""The administration site: Django's own, behind the one sign-in page of the site."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _


class AdministrationSite(admin.AdminSite):
    site_title = _("covidxray administration")
    site_header = _("covidxray administration")
    index_title = _("Accounts, institutions and models")

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """In the place of Django's own sign-in page: send strangers to the site's, refuse whoever lacks the role."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("site/", self.admin_view(self.site_page), name="site"), *super().get_urls()]

    def site_page(self, request: HttpRequest) -> HttpResponse:
        """How the site is doing."""
        from operations.site_figures import site_figures  # not before all applications are ready
        from operations.site_page import parts

        context = {**self.each_context(request), "title": _("Site"), "parts": parts(site_figures())}
        return TemplateResponse(request, "operations/site.html", context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """The profile's page for it is the only one."""
        return redirect("accounts:password")
