"""Who may see, add, change and delete in the administration: every active administrator, or read only."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest

_OFFERED = {(), ("exact",), ("id", "exact"), ("isnull",), ("gte",), ("lt",)}
"""What Django's filters of choices, of rows and of days write behind a column's name."""


class StaffAdmin(admin.ModelAdmin):
    """Open to every active administrator. Rows that others point to are never deleted.

    An address filters by what the page offers and by nothing else: letter by letter, a filter by any other column would
    tell what it holds.
    """

    view_on_site = False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        name, *rest = lookup.split("__")
        return name in self.list_filter and tuple(rest) in _OFFERED and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A day that no database can hold is as wrong as a word: the list without the filter, and a note."""
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            return super().get_object(request, object_id, from_field)
        except (ValueError, OverflowError):
            return None

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


class ReadOnlyAdmin(StaffAdmin):
    """To read, of every institution: an administrator administers all of them."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
