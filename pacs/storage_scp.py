"""The C-STORE and C-ECHO service (SCP) over pynetdicom: who may connect, TLS, sizes while a data set comes in."""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import dataclass, field
from socketserver import BaseServer
from typing import Any
from weakref import WeakSet

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connections
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, _config, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import AssociationServer

from pacs.bounds import BOUNDS
from pacs.models import Peer
from pacs.receiving import MAX_RECEIVED_BYTES, Status, addresses_of, radiograph_received, sender

logger = logging.getLogger(__name__)

_too_long: WeakSet[Association] = WeakSet()
"""The associations whose data set has become too long and was forgotten, until it is answered."""

_SECONDS_KNOWN = 10.0
"""For so long the list of peers is not read again."""


@dataclass
class KnownPeers:
    """AE titles and addresses of the peers that may send, read again after a few seconds."""

    titles: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    read_at: float = float("-inf")

    def refresh(self) -> None:
        """What was read stays where the database does not answer."""
        if time.monotonic() - self.read_at < _SECONDS_KNOWN:
            return
        try:
            peers = list(Peer.objects.active().filter(may_store=True))
        except DatabaseFault:
            logger.exception("the list of peers cannot be read")
            return
        finally:
            connections.close_all()
        self.titles = [peer.ae_title.strip() for peer in peers]
        self.addresses = {address for peer in peers for address in addresses_of(peer.address)}
        self.read_at = time.monotonic()


class _Receiver(AE):
    """Lets in AE titles of peers only. An empty list would let in everybody."""

    def __init__(self, known: KnownPeers) -> None:
        self.known = known
        super().__init__(ae_title=settings.PACS_AE_TITLE)

    @property
    def require_calling_aet(self) -> list[str]:
        self.known.refresh()
        return self.known.titles or [""]

    @require_calling_aet.setter
    def require_calling_aet(self, titles: list[str]) -> None:
        """pynetdicom sets it to an empty list at first."""


def _server_class(known: KnownPeers) -> type[AssociationServer]:
    class Server(AssociationServer):
        """Hangs up on an address that no peer has, before a byte is read."""

        def verify_request(self, request: Any, client_address: Any) -> bool:
            known.refresh()
            is_known = client_address[0].removeprefix("::ffff:") in known.addresses
            if not is_known:
                logger.warning("a connection from an address that is no peer's was closed")
            return is_known

        def shutdown(self) -> None:
            """Stop listening. pynetdicom's own also takes the server out of a list in which this one never was."""
            BaseServer.shutdown(self)
            self.server_close()

    return Server


def start_receiver(*, port: int | None = None) -> tuple[AE, Any]:
    """Listen on PACS_HOST and PACS_PORT in threads; stop with the server's `shutdown()`."""
    _config.UNRESTRICTED_STORAGE_SERVICE = True  # private storage classes too: they are dropped
    known = KnownPeers()
    receiver = _Receiver(known)
    receiver.require_called_aet = True
    receiver.maximum_associations = settings.PACS_ASSOCIATIONS
    receiver.network_timeout, receiver.acse_timeout, receiver.dimse_timeout = 60, 30, 60
    receiver.supported_contexts = AllStoragePresentationContexts
    for context in receiver.supported_contexts:
        context.transfer_syntax = list(ALL_TRANSFER_SYNTAXES)
    receiver.add_supported_context(Verification)
    address = (settings.PACS_HOST, settings.PACS_PORT if port is None else port)
    server = receiver.make_server(
        address, evt_handlers=_HANDLERS, ssl_context=tls_context(), server_class=_server_class(known)
    )
    return receiver, server


def tls_context() -> ssl.SSLContext | None:
    """Mutual TLS 1.2 or newer where the three settings name certificates; None: plain."""
    if not settings.PACS_TLS_CERTIFICATE:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.PACS_TLS_CERTIFICATE, settings.PACS_TLS_KEY or None)
    context.load_verify_locations(settings.PACS_TLS_CA)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _bounded(event: evt.Event) -> None:
    """Forget a data set that has become too long while it comes in, so that no peer fills the memory."""
    message = event.assoc.dimse.message
    data_set = message.data_set if message else None
    if data_set is not None and data_set.tell() > MAX_RECEIVED_BYTES:
        data_set.seek(0)
        data_set.truncate()
        _too_long.add(event.assoc)


def _store(event: evt.Event) -> int:
    is_too_long = event.assoc in _too_long
    _too_long.discard(event.assoc)
    peer = _peer_of(event)
    if not isinstance(peer, Peer):
        return int(peer)
    content = None if is_too_long else bytes(event.encoded_dataset())
    if content is not None and len(content) > MAX_RECEIVED_BYTES:
        content = None
    request: Any = event.request
    return int(
        radiograph_received(
            peer=peer,
            sop_class=str(request.AffectedSOPClassUID),
            sop_uid=str(request.AffectedSOPInstanceUID),
            content=content,
        )
    )


def _echo(event: evt.Event) -> int:
    peer = _peer_of(event)
    return int(Status.SUCCESS if isinstance(peer, Peer) else peer)


def _peer_of(event: evt.Event) -> Peer | Status:
    requestor = event.assoc.requestor
    title = str(requestor.ae_title).strip()
    try:
        peer = sender(ae_title=title, address=str(requestor.address).removeprefix("::ffff:"))
    except DatabaseFault:
        logger.exception("the peer cannot be looked up: it is asked to send again")
        return Status.OUT_OF_RESOURCES
    finally:
        connections.close_all()
    return peer or Status.NOT_AUTHORISED


_HANDLERS: list[Any] = [
    (evt.EVT_C_STORE, _store),
    (evt.EVT_C_ECHO, _echo),
    (evt.EVT_PDU_RECV, _bounded),
    *BOUNDS,
]
