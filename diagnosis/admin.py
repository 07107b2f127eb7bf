"""Which models have answered here, to read. Studies and diagnoses are patients' data and not the administrator's."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import StaffAdmin
from diagnosis.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(StaffAdmin):
    list_display = ["version", "weights_sha256", "created"]
    fields = ["version", "weights_sha256", "created", "card"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
