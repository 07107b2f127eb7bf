"""What an administrator may see and change: accounts and institutions, and nothing that raises his own rights."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User

# Roles are two fields of the person; Django's groups and permissions would be a second way to grant rights.
admin.site.unregister(Group)

RIGHTS = ("is_active", "is_staff", "is_radiographer", "institution")


class StaffAdmin(admin.ModelAdmin):
    """Open to every active administrator. Rows that others point to are never deleted."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Institution)
class InstitutionAdmin(StaffAdmin):
    list_display = ["name", "created"]
    search_fields = ["name"]


@admin.register(User)
class UserAdmin(StaffAdmin, DjangoUserAdmin):
    """Django's, without the fields by which staff could make themselves superusers or give themselves permissions."""

    list_display = ["username", "display_name", "email", "institution", "is_radiographer", "is_staff", "is_active"]
    list_filter = ["institution", "is_radiographer", "is_staff", "is_active"]
    filter_horizontal = ()
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "institution"]}),
        (_("Roles"), {"fields": ["is_active", "is_radiographer", "is_staff"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": [
                    "username",
                    "email",
                    "first_name",
                    "last_name",
                    "institution",
                    "is_radiographer",
                    "is_staff",
                    "usable_password",
                    "password1",
                    "password2",
                ]
            },
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser's account, password included, is beyond staff."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody changes his own roles or institution: another administrator does."""
        own = obj is not None and obj.pk == request.user.pk
        return ("last_login", "date_joined", *(RIGHTS if own else ()))
