"""The audit log for administrators, to read. It names patients and studies by identifier only."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from administration.permissions import StaffAdmin
from audit.models import AuditEntry

FIELDS = (*(field.name for field in AuditEntry._meta.fields), "person", "done_to")


@admin.register(AuditEntry)
class AuditEntryAdmin(StaffAdmin):
    list_display = ["sequence", "time", "action", "person", "done_to", "patient"]
    list_filter = ["time", "subject_kind", "action"]
    search_fields = ["sequence"]  # get_search_results has the real search
    search_help_text = _("An entry's number, a user name, or the identifier of a person, patient, study or report.")
    fields = FIELDS
    readonly_fields = FIELDS
    actions = None
    ordering = ["-sequence"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """With the user names: the same administrators manage these accounts."""
        names = {"username": _name_of("actor"), "subject_name": _name_of("subject")}
        return super().get_queryset(request).annotate(**names)

    @admin.display(description=_("user name"))
    def person(self, entry: Any) -> str:
        return entry.username or ""

    @admin.display(description=_("done to"))
    def done_to(self, entry: Any) -> str:
        """The person's user name, or the identifier of anything else, which may be a patient's."""
        return " ".join(filter(None, (entry.subject_kind, entry.subject_name or str(entry.subject or ""))))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        term = search_term.strip()
        return (queryset.filter(_looked_for(term)) if term else queryset), False


def _name_of(identifier: str) -> Subquery:
    return Subquery(get_user_model()._default_manager.filter(uuid=OuterRef(identifier)).values("username")[:1])


def _looked_for(term: str) -> Q:
    if term.isascii() and term.isdecimal() and len(term) < 19:
        return Q(sequence=int(term))
    try:
        found = UUID(term)
    except ValueError:
        user = _person_named(term)
        return Q(actor=user.uuid) | Q(subject=user.uuid) if user else Q(pk__in=[])
    return Q(actor=found) | Q(subject=found) | Q(patient=found)


def _person_named(term: str) -> Any:
    people = get_user_model()
    try:
        return people._default_manager.get_by_natural_key(term)
    except people.DoesNotExist:
        return None
