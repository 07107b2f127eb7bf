"""Which models have answered here, and what, to read. Whose radiograph it was is not the administrator's to see."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from administration.permissions import ReadOnlyAdmin
from diagnosis.model_cards.administration import card_rule, choose_page, serve_page
from diagnosis.models import Diagnosis, ModelVersion
from diagnosis.reviews.blinding import hides_some
from diagnosis.statistics.point_pages import point_page
from diagnosis.wording.numbers import decimal, moment, percent
from diagnosis.wording.points import point_source


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ["version", "weights_sha256", "created"]
    fields = ["version", "weights_sha256", "created", "card"]

    def get_urls(self) -> list[URLPattern]:
        """With the pages where another version, or another operating point of one, is chosen."""
        site = self.admin_site
        own = [
            path("choose/", choose_page(site), name="diagnosis_modelversion_choose"),
            path("choose/<str:version>/", serve_page(site), name="diagnosis_modelversion_serve"),
            path("operating-point/<str:version>/", point_page(site, card_rule), name="diagnosis_modelversion_point"),
        ]
        return [*own, *super().get_urls()]


_LISTED = ("uuid", "institution", "prediction", "covid_probability", "model_version", "moment", "review_state")
_SHOWN = (*_LISTED, "standing", "threshold", "band", "engine")


@admin.register(Diagnosis)
class DiagnosisAdmin(ReadOnlyAdmin):
    """Results without their patients, studies, pictures and people: for usage and for faults."""

    list_display = _LISTED
    list_filter = ["institution", "prediction", "review_state", "standing", "model_version", "created"]
    list_select_related = ["institution", "model_version"]
    fields = _SHOWN
    readonly_fields = _SHOWN
    search_fields = ["uuid"]  # get_search_results has the real search
    search_help_text = _("The identifier of a result, as in the audit log.")
    ordering = ["-pk"]
    show_full_result_count = False

    @admin.display(description=_("COVID probability"), ordering="probability")
    def covid_probability(self, diagnosis: Diagnosis) -> str:
        return percent(diagnosis.probability)

    @admin.display(description=_("created"), ordering="pk")
    def moment(self, diagnosis: Diagnosis) -> str:
        return moment(diagnosis.created)

    @admin.display(description=_("operating point"))
    def threshold(self, diagnosis: Diagnosis) -> str:
        return f"{decimal(diagnosis.operating_point)} ({point_source(diagnosis)})"

    @admin.display(description=_("indeterminate between"))
    def band(self, diagnosis: Diagnosis) -> str:
        return f"{decimal(diagnosis.indeterminate_low)} – {decimal(diagnosis.indeterminate_high)}"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not for an administrator from whom answers are hidden as a reader: this list would tell them."""
        user: Any = request.user
        return super().has_module_permission(request) and not (user.is_radiographer and hides_some(user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Diagnosis]:
        return super().get_queryset(request).defer("heat_map", "opacity_map", "model_version__card")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Diagnosis], search_term: str
    ) -> tuple[QuerySet[Diagnosis], bool]:
        if not search_term.strip():
            return queryset, False
        try:
            return queryset.filter(uuid=UUID(search_term.strip())), False
        except ValueError:
            return queryset.none(), False
