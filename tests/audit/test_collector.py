"""Audit entries at the hospital's collector, a real rsyslog: what arrives, who is refused, and that nothing is lost."""

import socket
import ssl
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from uuid import UUID
from xml.etree.ElementTree import Element

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from audit import forwarding
from audit.collector import Collector, framed
from audit.dicom_message import dicom_message, event_of
from audit.forwarding import unsent
from audit.models import Action, AuditEntry, AuditSent
from audit.services import record
from scripts.stack import until
from tests.audit.rsyslog import ANYONE, Rsyslog, rsyslog  # noqa: F401
from tests.certificates import Authority

pytestmark = [pytest.mark.django_db, pytest.mark.identity]


def use(settings: Settings, server: Rsyslog, *, certificate: bool = True) -> None:
    settings.AUDIT_COLLECTOR = f"127.0.0.1:{server.port}"
    settings.AUDIT_COLLECTOR_CA = str(server.authority.certificate)
    own, key = server.client if certificate else ("", "")
    settings.AUDIT_COLLECTOR_CERTIFICATE, settings.AUDIT_COLLECTOR_KEY = str(own), str(key)


def recorded(person: User, number: int) -> None:
    for _ in range(number):
        record(Action.RESULT_VIEWED, actor=person, patient=UUID(int=7))


def numbers(server: Rsyslog) -> list[int]:
    return [
        int(message.findall("ParticipantObjectIdentification")[0].attrib["ParticipantObjectID"])
        for message in server.received()
    ]


def test_entries_arrive_in_order(alice: User, settings: Settings, rsyslog: Rsyslog) -> None:  # noqa: F811
    """In DICOM's form, once; the next run sends what is new."""
    use(settings, rsyslog)
    recorded(alice, 3)
    record(Action.SIGN_IN_FAILED, actor=None, detail={"step": "password"})
    assert unsent() == 4
    call_command("send_audit", once=True)
    until(lambda: len(rsyslog.received()) == 4, "the entries")
    assert numbers(rsyslog) == [1, 2, 3, 4]
    assert unsent() == 0
    seen, failed = rsyslog.received()[0], rsyslog.received()[3]
    assert _event(seen) == ("110103", "R", "0")
    assert _event(failed) == ("110114", "E", "4")
    assert [one.attrib["UserID"] for one in seen.iter("ActiveParticipant")] == [str(alice.uuid)]
    assert str(UUID(int=7)) in [
        one.attrib["ParticipantObjectID"] for one in seen.iter("ParticipantObjectIdentification")
    ]
    recorded(alice, 1)
    call_command("send_audit", once=True)
    until(lambda: len(rsyslog.received()) == 5, "the new one")
    assert numbers(rsyslog) == [1, 2, 3, 4, 5]


def _event(message: Element) -> tuple[str, str, str]:
    event = message.find("EventIdentification")
    assert event is not None
    code = event.find("EventID")
    assert code is not None
    return code.attrib["csd-code"], event.attrib["EventActionCode"], event.attrib["EventOutcomeIndicator"]


def test_without_a_certificate_it_is_refused(alice: User, settings: Settings, rsyslog: Rsyslog) -> None:  # noqa: F811
    """And that is noticed: with TLS 1.3 the refusal comes after the entries were written."""
    use(settings, rsyslog, certificate=False)
    recorded(alice, 2)
    with pytest.raises(CommandError, match="did not take"):
        call_command("send_audit", once=True)
    assert unsent() == 2
    assert rsyslog.received() == []
    use(settings, rsyslog)
    call_command("send_audit", once=True)
    until(lambda: numbers(rsyslog) == [1, 2], "both")


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("pause", [0.0, 0.5])
@pytest.mark.parametrize("says_goodbye", [True, False])
def test_what_was_not_read_was_not_sent(
    alice: User, settings: Settings, tmp_path: Path, reads: bool, pause: float, says_goodbye: bool
) -> None:
    """A collector that hangs up after the handshake, sooner or later, politely or not."""
    authority, context = Authority(tmp_path), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answers = threading.Thread(target=_hang_up, args=(listener, context, reads, pause, says_goodbye))
        answers.start()
        settings.AUDIT_COLLECTOR = f"127.0.0.1:{listener.getsockname()[1]}"
        settings.AUDIT_COLLECTOR_CA = str(authority.certificate)
        recorded(alice, 3)
        with nullcontext() if reads else pytest.raises(CommandError, match="did not take"):
            call_command("send_audit", once=True)
        answers.join()
    assert unsent() == (0 if reads else 3)


def _hang_up(listener: socket.socket, context: ssl.SSLContext, reads: bool, pause: float, says_goodbye: bool) -> None:
    plain, _address = listener.accept()
    with plain, context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=True) as tls:
        time.sleep(pause)
        while reads and tls.recv(4096):
            pass
        if says_goodbye:
            tls.settimeout(0)
            with suppress(OSError):
                tls.unwrap()


@pytest.mark.parametrize("rsyslog", [ANYONE], indirect=True)
def test_a_collector_that_wants_none(alice: User, settings: Settings, rsyslog: Rsyslog) -> None:  # noqa: F811
    use(settings, rsyslog, certificate=False)
    recorded(alice, 2)
    call_command("send_audit", once=True)
    until(lambda: numbers(rsyslog) == [1, 2], "both")


def test_another_collector_gets_nothing(
    alice: User,
    settings: Settings,
    rsyslog: Rsyslog,  # noqa: F811
    tmp_path: Path,
) -> None:
    use(settings, rsyslog)
    settings.AUDIT_COLLECTOR_CA = str(Authority(tmp_path, "other").certificate)
    recorded(alice, 1)
    with pytest.raises(CommandError, match="CERTIFICATE_VERIFY_FAILED"):
        call_command("send_audit", once=True)
    assert rsyslog.received() == []
    assert unsent() == 1


def test_nothing_is_lost_while_it_is_away(
    alice: User,
    settings: Settings,
    rsyslog: Rsyslog,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after a batch, away, and back: every number is there."""
    use(settings, rsyslog)
    monkeypatch.setattr(forwarding, "BATCH", 20)
    recorded(alice, 50)
    batch_send, batches = Collector.batch_send, list[int]()

    def killed_before_the_second(self: Collector, entries: list[AuditEntry]) -> None:
        if batches:
            until(lambda: len(rsyslog.received()) == 20, "the first batch")
            rsyslog.stop()
        batches.append(len(entries))
        batch_send(self, entries)

    with monkeypatch.context() as faulty:
        faulty.setattr(Collector, "batch_send", killed_before_the_second)
        with pytest.raises(CommandError, match="did not take"):
            call_command("send_audit", once=True)
    assert AuditSent.position() == 20
    recorded(alice, 5)
    with pytest.raises(CommandError, match="did not take"):
        call_command("send_audit", once=True)
    assert unsent() == 35
    rsyslog.start()
    call_command("send_audit", once=True)
    until(lambda: len(rsyslog.received()) >= 55, "the rest")
    assert numbers(rsyslog) == list(range(1, 56))


def test_without_a_collector(alice: User) -> None:
    recorded(alice, 1)
    assert unsent() == 0
    with pytest.raises(CommandError, match="AUDIT_COLLECTOR"):
        call_command("send_audit", once=True)


def test_every_action_has_a_message(alice: User) -> None:
    """Whatever is recorded can be sent: one line, its number, its chain, and an event of DICOM's."""
    for action in Action:
        record(action, actor=alice, subject=alice, detail={"reason": "a-code", "fields": ["x"]})
    for entry in AuditEntry.objects.all():
        message = dicom_message(entry, source="here")
        assert b"\n" not in message
        assert entry.hash.encode() not in message, "base64, as the standard wants it"
        assert event_of(entry)[1] in set("CRUDE")
        length, _space, rest = framed(entry, source="here").partition(b" ")
        assert int(length) == len(rest)
