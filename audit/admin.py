"""The audit log for administrators, to read. It names patients and studies by identifier only."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from administration.permissions import StaffAdmin
from audit.models import AuditEntry

_OWN = ("sequence", "moment", "action", "person", "hospital", "done_to")
_STORED = ("actor", "institution", "subject_kind", "subject", "patient", "detail", "request", "previous", "hash")
FIELDS = (*_OWN, *_STORED)
KINDS = {
    "user": _("person"),
    "institution": _("institution"),
    "study": _("study"),
    "patient": _("patient"),
    "diagnosis": _("result"),
    "report": _("report"),
    "modelversion": _("model"),
    "peer": _("PACS or modality"),
    "instance": _("radiograph from the PACS"),
    "outgoing": _("result for the PACS"),
}
"""Names of models, as entries hold them, in words."""


@admin.register(AuditEntry)
class AuditEntryAdmin(StaffAdmin):
    list_display = ["sequence", "moment", "action", "person", "hospital", "done_to", "patient"]
    list_filter = ["time", "subject_kind", "action"]
    value_names = {"subject_kind": KINDS}
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
        hospitals = {"hospital_name": _hospital_of("institution"), "subject_hospital": _hospital_of("subject")}
        return super().get_queryset(request).annotate(**names, **hospitals)

    @admin.display(description=_("when"), ordering="sequence")
    def moment(self, entry: AuditEntry) -> str:
        local = timezone.localtime(entry.time)
        return f"{date_format(local, 'DATETIME_FORMAT')}:{date_format(local, 's')}"

    @admin.display(description=_("institution"))
    def hospital(self, entry: Any) -> str:
        return entry.hospital_name or str(entry.institution or "")

    @admin.display(description=_("user name"))
    def person(self, entry: Any) -> str:
        return entry.username or ""

    @admin.display(description=_("affected"))
    def done_to(self, entry: Any) -> str:
        """The name of a person or an institution, or the identifier of anything else, which may be a patient's."""
        kind = str(KINDS.get(entry.subject_kind, entry.subject_kind))
        name = entry.subject_name or entry.subject_hospital or str(entry.subject or "")
        return ": ".join(filter(None, (kind, name)))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        term = search_term.strip()
        return (queryset.filter(_looked_for(term)) if term else queryset), False


def _name_of(identifier: str) -> Subquery:
    return Subquery(get_user_model()._default_manager.filter(uuid=OuterRef(identifier)).values("username")[:1])


def _hospital_of(identifier: str) -> Subquery:
    hospitals = get_user_model()._meta.get_field("institution").remote_field.model
    return Subquery(hospitals._default_manager.filter(uuid=OuterRef(identifier)).values("name")[:1])


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
