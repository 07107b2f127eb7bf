"""The administration's page of a version's operating point: the card's, the one in force, and the one proposed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from diagnosis.errors import DiagnosisError
from diagnosis.estimates import Estimate
from diagnosis.inference.decision import DecisionRule
from diagnosis.models import ModelVersion, OperatingPoint
from diagnosis.statistics.point_choice import Seen, newest_choice, operating_point_choose, operating_point_withdraw
from diagnosis.statistics.site_point import FEWEST_CASES, Cases, best_point, cases_of, figures_at
from diagnosis.wording.numbers import decimal, interval, interval_in_percent, number

TITLE = gettext_lazy("Operating point")


CardRule = Callable[[str], tuple[str, DecisionRule] | None]
"""The SHA-256 of a version's weights, and the rule of its card; None where there is no such version or rule."""


def point_page(site: AdminSite, card_rule: CardRule) -> Callable[..., HttpResponse]:
    @require_http_methods(["GET", "HEAD", "POST"])
    def point(request: HttpRequest, version: str) -> HttpResponse:
        found = card_rule(version)
        if found is None:
            raise Http404
        weights, card = found
        model = ModelVersion.objects.filter(version=version, weights_sha256=weights).first()
        if request.method == "POST" and _changed(request, model, card):
            return redirect("admin:diagnosis_modelversion_point", version)
        context = {**site.each_context(request), "title": TITLE, "opts": ModelVersion._meta, "version": version}
        context |= {"shown": _shown(model, card), "choices": _choices(model)}
        return TemplateResponse(request, "admin/diagnosis/modelversion/point.html", context)

    return site.admin_view(point)


def _changed(request: HttpRequest, model: ModelVersion | None, card: DecisionRule) -> bool:
    if model is None:
        return False
    user, seen = request.user, _seen(request)
    try:
        if "card" in request.POST:
            operating_point_withdraw(actor=user, model=model, seen=seen)  # type: ignore[arg-type]
            text = _("The card’s operating point is in force from the next radiograph on.")
        else:
            chosen = operating_point_choose(actor=user, model=model, card=card, seen=seen)  # type: ignore[arg-type]
            text = _("The operating point %(point)s is in force from the next radiograph on.")
            text %= {"point": decimal(chosen.point)}
    except DiagnosisError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, text)
    return True


def _seen(request: HttpRequest) -> Seen:
    try:
        return Seen(float(request.POST.get("point") or "nan"), int(request.POST.get("newest", "")[:18]))
    except ValueError:
        return Seen(None, -1)


@dataclass(frozen=True)
class Line:
    """An operating point with what it would mean for this installation's own cases, as texts."""

    name: str
    point: str
    sensitivity: str
    specificity: str
    indeterminate: str


@dataclass(frozen=True)
class Shown:
    """`proposed` is empty where there are too few cases, or where it is in force already."""

    positives: str
    negatives: str
    fewest: str
    lines: list[Line]
    proposed: str = ""
    proposed_text: str = ""
    is_own: bool = False
    newest: int = 0


def _shown(model: ModelVersion | None, card: DecisionRule) -> Shown:
    if model is None:
        return Shown(number(0), number(0), number(FEWEST_CASES), [])
    cases = cases_of(model)
    in_force, best = OperatingPoint.objects.in_force(model), best_point(cases)
    is_new = best is not None and (in_force is None or in_force.point != best.value)
    lines = [_line(_("The model’s card"), cases, card, Estimate(card.operating_point, 0, 0))]
    if in_force:
        lines.append(_line(_("This site, in force"), cases, card, in_force.measured[0]))
    if best and is_new:
        lines.append(_line(_("Your RT-PCR results, proposed"), cases, card, best))
    return Shown(
        positives=number(len(cases.covid)),
        negatives=number(len(cases.others)),
        fewest=number(FEWEST_CASES),
        lines=lines,
        proposed=repr(best.value) if best and is_new else "",
        proposed_text=decimal(best.value) if best else "",
        is_own=in_force is not None,
        newest=newest_choice(model),
    )


def _line(name: str, cases: Cases, card: DecisionRule, point: Estimate | None) -> Line:
    if point is None:
        raise ValueError("an operating point without its value")
    figures = figures_at(cases, card.moved_to(point.value))
    shares = (figures.sensitivity, figures.specificity, figures.indeterminate)
    text = interval(point) if point.high else decimal(point.value)
    return Line(name, text, *(interval_in_percent(share) for share in shares))


def _choices(model: ModelVersion | None) -> list[tuple[OperatingPoint, list[str]]]:
    """Every choice, the newest first, with its figures as they were then."""
    rows = OperatingPoint.objects.filter(model_version=model).select_related("chosen_by").order_by("-pk")
    return [(row, _figures(row)) for row in rows]


def _figures(row: OperatingPoint) -> list[str]:
    point, sensitivity, specificity = row.measured
    if point is None:
        return []
    return [interval(point), *(interval_in_percent(share) for share in (sensitivity, specificity))]
