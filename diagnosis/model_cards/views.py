"""The models' pages, for everybody who is signed in: a card holds figures and no patient."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnosis.model_cards.points import point_in_words, points_in_words
from diagnosis.model_cards.sections import sections_of
from diagnosis.model_cards.summary import summary_of
from diagnosis.model_cards.values import Value
from diagnosis.model_cards.versions import find_version, plot_path, versions
from diagnosis.models import ModelVersion

# A plot is a picture in a page, where a browser runs no script of it. Opened alone, an SVG is a document: this policy
# lets it fetch and run nothing, and gives it no origin. Matplotlib writes its colours into style attributes.
PLOT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """Every version of the model on this machine."""
    found = versions()
    rows = list(zip(found, map(summary_of, found), points_in_words(found), strict=True))
    served = any(version.is_served for version, *_summary in rows)
    return render(request, "diagnosis/model_cards/list.html", {"rows": rows, "served": served})


@require_safe
def model(request: HttpRequest, version: str) -> HttpResponse:
    """The card of one version as a page."""
    found = find_version(version)
    if found is None:
        raise Http404
    card = Value(found.card.raw if found.card else {})
    sections = sections_of(card, found.plots) if found.card else []
    used = ModelVersion.objects.filter(version=version).defer("card")
    others = [row for row in used if row.weights_sha256 != found.weights_sha256]
    context = {"version": found, "sections": sections, "missing": card.missing, "used": used, "others": others}
    context["point"] = point_in_words(found)
    return render(request, "diagnosis/model_cards/card.html", context)


@require_safe
def plot(request: HttpRequest, version: str, name: str) -> FileResponse:
    """One plot of a version, from the list of those that training draws."""
    path = plot_path(version, name)
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/svg+xml")
    response["Content-Security-Policy"] = PLOT_POLICY
    return response
