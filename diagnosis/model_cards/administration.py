"""The administration's pages for choosing a model: every version here with its figures, and one to be confirmed."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.decision import DecisionRule
from diagnosis.model_cards.choosing import model_choose
from diagnosis.model_cards.points import point_in_words, points_in_words
from diagnosis.model_cards.sections import rule_of, sections_of
from diagnosis.model_cards.summary import summary_of
from diagnosis.model_cards.values import Value
from diagnosis.model_cards.versions import find_version, versions
from diagnosis.models import ModelVersion
from diagnosis.wording.errors import error_text


def card_rule(name: str) -> tuple[str, DecisionRule] | None:
    """The SHA-256 of a version's weights, and the rule of its card; None where there is no such version or rule."""
    found = find_version(name)
    rule = rule_of(Value(found.card.raw)["decision"]["rule"]) if found and found.card else None
    return (found.weights_sha256, rule) if found and rule else None


def choose_page(site: AdminSite) -> Callable[..., HttpResponse]:
    @require_safe
    def choose(request: HttpRequest) -> HttpResponse:
        found = versions()
        rows = list(zip(found, map(summary_of, found), points_in_words(found), strict=True))
        context = _context(site, request, rows=rows)
        return TemplateResponse(request, "admin/diagnosis/modelversion/choose.html", context)

    return site.admin_view(choose)


def serve_page(site: AdminSite) -> Callable[..., HttpResponse]:
    @require_http_methods(["GET", "HEAD", "POST"])
    def serve(request: HttpRequest, version: str) -> HttpResponse:
        found = find_version(version)
        if found is None or not found.is_here:
            raise Http404
        if request.method == "POST" and _chosen(request, version):
            return redirect("admin:diagnosis_modelversion_choose")
        sections = sections_of(Value(found.card.raw), []) if found.card else []
        context = _context(
            site, request, version=found, summary=summary_of(found), point=point_in_words(found), sections=sections
        )
        return TemplateResponse(request, "admin/diagnosis/modelversion/serve.html", context)

    return site.admin_view(serve)


def _chosen(request: HttpRequest, version: str) -> bool:
    try:
        model_choose(actor=request.user, version=version)
    except ModelUnavailable as error:
        messages.error(request, error_text(error))
        return False
    messages.success(request, _("%(version)s answers from the next radiograph on.") % {"version": version})
    return True


def _context(site: AdminSite, request: HttpRequest, **values: object) -> dict[str, object]:
    title = _("Choose the model that answers")
    return {**site.each_context(request), "title": title, "opts": ModelVersion._meta, **values}
