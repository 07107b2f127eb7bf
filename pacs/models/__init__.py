"""Peers (a PACS, a modality), the ledger of what came from them, and the outbox of what goes back, as rows."""

from pacs.models.instances import Instance, InstanceQuerySet
from pacs.models.outgoing import Outgoing
from pacs.models.peers import Peer, PeerQuerySet

__all__ = [
    "Instance",
    "InstanceQuerySet",
    "Outgoing",
    "Peer",
    "PeerQuerySet",
]
