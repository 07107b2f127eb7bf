"""Jobs to read: states and faults, no names; and the comparison of two versions."""

from typing import Any

from django.contrib import admin
from django.urls import path

from administration.permissions import ReadOnlyAdmin
from jobs.comparison_views import compare_page
from jobs.models import Job

_COLUMNS = ("uuid", "institution", "source", "state", "version", "attempts", "reason", "created", "changed", "finished")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Without its name and its list, which may name patients."""

    list_display = _COLUMNS
    list_filter = ["institution", "source", "state", "reason"]
    list_select_related = ["institution"]
    fields = readonly_fields = _COLUMNS
    ordering = ["-pk"]
    show_full_result_count = False

    def get_urls(self) -> list[Any]:
        compare = path("compare/<str:version>/", compare_page(self.admin_site), name="jobs_job_compare")
        return [compare, *super().get_urls()]
