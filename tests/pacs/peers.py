"""Archives and modalities of the tests."""

from typing import Any

from accounts.models import Institution
from pacs.models import Peer


def peer_of(institution: Institution, **values: Any) -> Peer:
    """An archive on this machine that may do everything."""
    fields: dict[str, Any] = {
        "name": "Archive",
        "ae_title": "ARCHIVE",
        "address": "127.0.0.1",
        "port": 4242,
        "may_store": True,
        "is_searched": True,
    }
    return Peer.objects.create(institution=institution, **(fields | values))
