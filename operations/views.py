"""The administrators' page *Site*: how the site is doing."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from operations.site_figures import site_figures
from operations.site_page import parts


def site_page(request: HttpRequest) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": _("Site"), "parts": parts(site_figures())}
    return TemplateResponse(request, "operations/site.html", context)
