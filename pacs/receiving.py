"""Receiving a radiograph from a peer: written to the inbox and into the ledger before the peer hears of success."""

from __future__ import annotations

import ipaddress
import logging
import socket
from dataclasses import replace
from enum import IntEnum

from django.db import Error as DatabaseFault
from django.db import connections

from attempts.claims import attempt_refused
from diagnosis.errors import RadiographRejected
from diagnosis.imaging.limits import MAX_FILE_BYTES, refuse_size
from pacs.heads import RADIOGRAPHS, head_of_file
from pacs.inbox import inbox_delete, inbox_write
from pacs.models import Instance, Peer
from pacs.services import InstanceHead, instance_found, instance_received

logger = logging.getLogger(__name__)

MAX_RECEIVED_BYTES = MAX_FILE_BYTES
"""Of a data set that is kept while it comes in. What is longer is not a radiograph that could be read."""


class Status(IntEnum):
    """Answers to a C-STORE (PS3.4, table B.2-1). A peer that hears OUT_OF_RESOURCES sends again later."""

    SUCCESS = 0x0000
    OUT_OF_RESOURCES = 0xA700
    NOT_AUTHORISED = 0x0124


def sender(*, ae_title: str, address: str) -> Peer | None:
    """The peer that may send under this AE title from this address; None where there is none, or more than one."""
    peers = Peer.objects.active().filter(may_store=True, ae_title=ae_title).select_related("institution")
    found = [peer for peer in peers if address in addresses_of(peer.address)]
    return found[0] if len(found) == 1 else None


def addresses_of(host: str) -> set[str]:
    """The IP addresses of a host name or of an address as it is written; none where the name is unknown."""
    try:
        return {str(ipaddress.ip_address(host))}
    except ValueError:
        pass
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()


def radiograph_received(*, peer: Peer, sop_class: str, sop_uid: str, content: bytes | None) -> Status:
    """Keep a radiograph and drop everything else, with success: a study that also holds a report must not fail.

    `content`: the whole file; None where it was longer than MAX_RECEIVED_BYTES and was not kept.
    """
    if sop_class not in RADIOGRAPHS:
        logger.info("not a radiograph, dropped: %s from %s", sop_class, peer.uuid)
        return Status.SUCCESS
    head = (head_of_file(content) if content else None) or InstanceHead(sop_uid)
    head = replace(head, sop_instance_uid=sop_uid, sop_class_uid=sop_class)
    try:
        return _kept(peer, head, content)
    except (OSError, DatabaseFault):
        logger.exception("a radiograph from %s could not be kept: it is asked to send again", peer.uuid)
        return Status.OUT_OF_RESOURCES
    finally:
        connections.close_all()


def _kept(peer: Peer, head: InstanceHead, content: bytes | None) -> Status:
    if content is None:
        _too_large(peer, head)
        return Status.SUCCESS
    name = inbox_write(content)
    try:
        is_needed = instance_received(peer=peer, head=head, file=name, size=len(content), ae_title=peer.ae_title)
    except DatabaseFault:
        inbox_delete(name)
        raise
    if not is_needed:
        inbox_delete(name)
    return Status.SUCCESS


def _too_large(peer: Peer, head: InstanceHead) -> None:
    """It is in the list with its reason. To fail would make the peer send it for ever."""
    row, _is_new = instance_found(peer=peer, head=head, way=Instance.Way.STORE)
    if row.state != Instance.State.FOUND:
        return
    try:
        refuse_size(MAX_FILE_BYTES + 1)
    except RadiographRejected as error:
        state = Instance.State.REFUSED
        attempt_refused(row, state=state, code=error.code, text=error.message, values=error.values)
