"""Which PACS and modalities there are, to change; the states of ledger and outbox, to read: no patient, no UID."""

from typing import Any, cast

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.models import User
from administration.permissions import ReadOnlyAdmin, StaffAdmin
from pacs.models import Instance, Outgoing, Peer
from pacs.services import peer_save


@admin.register(Peer)
class PeerAdmin(StaffAdmin):
    list_display = ["name", "institution", "ae_title", "is_active", "returns", "heard", "fault"]
    list_filter = ["institution", "is_active"]
    list_select_related = ["institution"]
    readonly_fields = ["heard", "fault"]
    fields = [
        "institution",
        "name",
        "ae_title",
        "address",
        "port",
        "uses_tls",
        "dicomweb_url",
        "changes_url",
        "credentials",
        "is_active",
        "may_store",
        "is_searched",
        "is_watched",
        "returns",
        "heard",
        "fault",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Peer | None = None) -> Any:
        """What has come from it belongs to its institution for good."""
        return self.readonly_fields if obj is None else [*self.readonly_fields, "institution"]

    def save_model(self, request: HttpRequest, obj: Peer, form: ModelForm, change: bool) -> None:
        peer_save(actor=cast(User, request.user), peer=obj, fields=form.changed_data)


_STATES = ("state", "attempts", "next_at", "reason", "created", "changed")


@admin.register(Instance)
class InstanceAdmin(ReadOnlyAdmin):
    """What was received, without its patient and its identifiers: for usage and for faults."""

    list_display = ("uuid", "institution", "peer", "way", "modality", *_STATES)
    list_filter = ["institution", "peer", "state", "reason"]
    list_select_related = ["institution", "peer"]
    fields = readonly_fields = ("uuid", "institution", "peer", "way", "ae_title", "modality", *_STATES)
    ordering = ["-pk"]
    show_full_result_count = False


@admin.register(Outgoing)
class OutgoingAdmin(ReadOnlyAdmin):
    """What was or is to be sent, without the answer."""

    list_display = ("uuid", "peer", "kind", *_STATES, "sent")
    list_filter = ["peer", "kind", "state", "reason"]
    list_select_related = ["peer"]
    fields = readonly_fields = ("uuid", "peer", "kind", *_STATES, "sent")
    ordering = ["-pk"]
    show_full_result_count = False
