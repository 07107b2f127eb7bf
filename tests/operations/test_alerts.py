"""Alerts: what sets one off, whom they reach, and that they say nothing of a patient."""

import hashlib
import hmac
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from audit.models import Action
from audit.services import record
from diagnosis.errors import ModelBusy
from diagnosis.inference.concurrency import Turns
from diagnosis.models import Diagnosis
from diagnosis.reviews.services import review_add
from operations.alerts import sending
from operations.checks import alerts_are_encrypted
from pacs.models import Instance, Peer
from tests.rows import stored_result

pytestmark = pytest.mark.django_db


def sent(**options: object) -> list[str]:
    told = io.StringIO()
    call_command("send_alerts", stdout=told, **options)
    return told.getvalue().splitlines()


@dataclass
class Webhook:
    """A server that answers as it is told, and what it got."""

    answers: list[int] = field(default_factory=lambda: [200])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def webhook(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.got.append((dict(self.headers), body))
            self.send_response(hook.answers[min(len(hook.got), len(hook.answers)) - 1])
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.ALERT_WEBHOOK = f"http://127.0.0.1:{server.server_port}/alerts?room=1"
    settings.ALERT_UNREVIEWED_HOURS = 4
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)
    yield hook
    server.shutdown()
    server.server_close()


@pytest.fixture
def late(alice: User) -> Diagnosis:
    """A Positive answer that nobody has reviewed for a day."""
    moment = timezone.now() - timedelta(days=1)
    return stored_result(alice, patient_id="CANARY-7", patient_name="Canary Jane", created=moment)


def test_nothing_is_sent_by_default(late: Diagnosis) -> None:
    assert sent() == []
    assert mail.outbox == []


def test_an_unreviewed_positive_is_mailed_once(settings: Settings, alice: User, late: Diagnosis) -> None:
    settings.ALERT_EMAILS, settings.ALERT_UNREVIEWED_HOURS = ["desk@example.org"], 4
    stored_result(alice, created=timezone.now())  # not late yet
    stored_result(alice, prediction="Negative", created=late.created)
    stored_result(alice, created=late.created, is_voided=True)
    assert (
        sent(dry_run=True)
        == sent()
        == ["St. Anna: 1 Positive answers have been waiting for a review for more than 4 hours."]
    )
    assert sent() == []
    (message,) = mail.outbox
    assert (message.to, "anary" in message.subject + str(message.body)) == (["desk@example.org"], False)
    review_add(user=alice, diagnosis=late, conclusion="likely")
    assert sent() == []
    Diagnosis.objects.filter(pk=late.pk).update(review_state="unreviewed")  # as another one would
    assert len(sent()) == 1


def test_it_reminds_after_a_day(settings: Settings, late: Diagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_EMAILS, settings.ALERT_UNREVIEWED_HOURS = ["desk@example.org"], 4
    sent()
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=25))
    assert len(sent()) == 1


def test_no_backup_for_days(settings: Settings) -> None:
    settings.ALERT_EMAILS, settings.ALERT_BACKUP_DAYS = ["desk@example.org"], 2
    assert sent() == ["No backup was made for 2 days: none was ever made."]
    record(Action.BACKUP_MADE, actor=None, detail={})
    assert sent() == []


def test_a_full_queue(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.ALERT_QUEUE_FULL = tmp_path, True
    assert sent() == []
    turns = Turns(1, 0)
    with turns.turn(), pytest.raises(ModelBusy):
        turns.turn().__enter__()
    assert len(sent()) == 1


def test_the_webhook_gets_numbers_and_a_signature(settings: Settings, webhook: Webhook, late: Diagnosis) -> None:
    settings.ALERT_WEBHOOK_SECRET = "between the two"
    sent()
    ((headers, body),) = webhook.got
    assert headers["X-Covidxray-Signature"] == hmac.new(b"between the two", body, hashlib.sha256).hexdigest()
    (alert,) = json.loads(body)["alerts"]
    assert (alert["code"], alert["number"]) == ("unreviewed-positive", 1)
    assert [word for word in (b"anary", b"CANARY", str(late.uuid).encode()) if word in body] == []


def test_a_webhook_is_tried_three_times_and_again(webhook: Webhook, late: Diagnosis) -> None:
    webhook.answers = [500, 500, 500, 500, 200]
    with pytest.raises(CommandError, match="next run"):
        sent()
    assert len(webhook.got) == 3
    assert len(sent()) == 1
    assert len(webhook.got) == 5


def test_a_redirect_is_not_followed(webhook: Webhook, late: Diagnosis) -> None:
    webhook.answers = [302]
    with pytest.raises(CommandError):
        sent()
    assert len(webhook.got) == 3


def test_what_the_pacs_gave_up(settings: Settings, webhook: Webhook, alice: User) -> None:
    """With numbers and nothing of the patients; not where it is switched off."""
    peer = Peer.objects.create(institution=alice.institution, name="Archive", ae_title="A")
    values = {"peer": peer, "institution": alice.institution, "person": alice, "state": Instance.State.DEAD}
    Instance.objects.create(sop_instance_uid="1.2.3", accession_number="A-17", **values)
    Instance.objects.create(sop_instance_uid="1.2.4", **values)
    sent()
    settings.PACS = settings.ALERT_DEAD_LETTERS = True
    sent()
    [(_headers, body)] = webhook.got
    assert b"2 radiographs were not taken in and 0 results" in body
    assert b"A-17" not in body


def test_a_dead_webhook_keeps_no_mail_back(settings: Settings, webhook: Webhook, late: Diagnosis) -> None:
    settings.ALERT_EMAILS, settings.ALERT_WEBHOOK = ["desk@example.org"], "http://127.0.0.1:9/"
    with pytest.raises(CommandError):
        sent()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("address", "faults"),
    [("", 0), ("https://hooks.example.org/x", 0), ("http://hooks.example.org/x", 1), ("https:///x", 1)],
)
def test_a_webhook_on_a_server_is_encrypted(settings: Settings, address: str, faults: int) -> None:
    settings.ALERT_WEBHOOK = address
    assert len(alerts_are_encrypted()) == faults
