"""The ledger and the outbox: one row each, whatever comes twice; attempts, pauses, giving up, trying again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Institution, User
from attempts.claims import LEASE, attempt_failed, attempt_postponed, attempt_refused, claim, leases_end
from attempts.rows import LONGEST_PAUSE, pause_after
from audit.models import Action, AuditEntry
from diagnosis.privacy.erasure import Reason, study_erase
from pacs.models import Instance, Outgoing, Peer
from pacs.services import (
    InstanceHead,
    instance_classified,
    instance_found,
    instance_received,
    instance_retry,
    outgoing_add,
    outgoing_sent,
    service_person,
)
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed

HEAD = InstanceHead("1.2.3", series_instance_uid="1.2", study_instance_uid="1", accession_number="A-7")


@pytest.fixture
def peer(hospital: Institution) -> Peer:
    return peer_of(hospital)


def received(peer: Peer, file: str = "a.dcm", head: InstanceHead = HEAD) -> bool:
    return instance_received(peer=peer, head=head, file=file, size=5, ae_title="CT1")


def due() -> Any:
    return claim(Instance.objects.due(timezone.now()), worker="w")


def test_the_same_instance_is_one_row(peer: Peer, elsewhere: Institution) -> None:
    assert received(peer)
    assert not received(peer, "b.dcm")
    assert instance_found(peer=peer, head=HEAD)[1] is False
    assert received(peer_of(elsewhere), "c.dcm")
    assert list(Instance.objects.order_by("pk").values_list("institution__name", "file")) == [
        ("St. Anna", "a.dcm"),
        ("Elsewhere Clinic", "c.dcm"),
    ]


def test_what_was_asked_for_gets_its_file(peer: Peer, alice: User) -> None:
    row, _ = instance_found(peer=peer, head=InstanceHead("1.2.3"), person=alice)
    assert received(peer)
    row.refresh_from_db()
    assert (row.state, row.file, row.person, row.accession_number) == ("received", "a.dcm", alice, "A-7")


def test_one_worker_has_it_at_a_time(peer: Peer) -> None:
    received(peer)
    row = due()
    assert (row.attempts, due()) == (1, None)
    Instance.objects.update(next_at=timezone.now())  # it was killed, and its lease is over
    assert due().attempts == 2


def test_a_new_start_ends_the_old_leases(peer: Peer) -> None:
    received(peer)
    assert due()
    assert leases_end(Instance, worker="w") == 1
    assert due()


def test_pauses_grow_until_it_is_given_up(peer: Peer, settings: Settings) -> None:
    settings.PACS_ATTEMPTS = 3
    received(peer)
    for attempt in (1, 2, 3):
        Instance.objects.update(next_at=timezone.now())
        row = attempt_failed(due(), code="away", text="The archive does not answer.")
        pause = row.next_at - timezone.now()
        assert pause_after(attempt) - pause < timedelta(seconds=2)
    assert (row.state, row.why) == ("dead", "The archive does not answer.")
    Instance.objects.update(next_at=timezone.now())
    assert due() is None
    assert pause_after(500) == LONGEST_PAUSE > LEASE


def test_waiting_for_a_model_is_no_attempt(peer: Peer, settings: Settings) -> None:
    settings.PACS_ATTEMPTS = 1
    received(peer)
    for _ in range(3):
        Instance.objects.update(next_at=timezone.now())
        row = attempt_postponed(due(), seconds=60, code="busy", text="Too many wait.")
    assert (row.state, row.attempts) == ("received", 0)


def test_a_late_worker_changes_nothing(peer: Peer) -> None:
    """Its lease has ended, and another one has the row."""
    received(peer)
    slow = due()
    Instance.objects.update(next_at=timezone.now())
    assert due()
    attempt_failed(slow, code="away", text="")
    attempt_refused(slow, state="refused", code="view", text="")
    assert list(Instance.objects.values_list("state", "reason")) == [("received", "")]


def test_a_person_sets_a_dead_one_going(peer: Peer, alice: User) -> None:
    received(peer)
    Instance.objects.update(state="dead", attempts=20, reason="away", next_at=timezone.now() + LEASE)
    row = instance_retry(instance=Instance.objects.get(), actor=alice)
    assert (row.state, row.attempts, row.reason) == ("received", 0, "")
    assert due()
    assert AuditEntry.objects.filter(action=Action.PACS_RETRIED, subject=row.uuid, actor=alice.uuid).count() == 1


def test_an_erased_study_is_not_fetched_again(peer: Peer, alice: User, engine: ToyEngine) -> None:
    """The ledger forgets everything of it but the UID by which it would come back."""
    received(peer)
    diagnosis = diagnosed(alice)
    instance_classified(instance=Instance.objects.get(), study=diagnosis.study)
    study_erase(actor=alice, study=diagnosis.study, reason=Reason.REQUEST)
    row = Instance.objects.get()
    assert (row.state, row.study, row.accession_number, row.study_instance_uid) == ("erased", None, "", "")
    assert not received(peer, "again.dcm")
    assert instance_found(peer=peer, head=HEAD)[1] is False


def test_sent_when_the_last_object_is(peer: Peer, alice: User, engine: ToyEngine) -> None:
    received(peer)
    diagnosis = diagnosed(alice)
    instance_classified(instance=Instance.objects.get(), study=diagnosis.study)
    report, _ = outgoing_add(peer=peer, row=Outgoing(diagnosis=diagnosis, kind="sr", sop_instance_uid="9.1"))
    again = Outgoing(diagnosis=diagnosis, kind="sr", sop_instance_uid="9.1")
    assert outgoing_add(peer=peer, row=again) == (report, False)
    picture, _ = outgoing_add(peer=peer, row=Outgoing(diagnosis=diagnosis, kind="sc", sop_instance_uid="9.2"))
    outgoing_sent(outgoing=report)
    assert Instance.objects.get().state == "classified"
    outgoing_sent(outgoing=picture)
    assert Instance.objects.get().state == "sent"
    assert Outgoing.objects.filter(state="sent").count() == 2


def test_sent_before_the_ledger_knows_of_the_result(peer: Peer, alice: User, engine: ToyEngine) -> None:
    instance, _ = instance_found(peer=peer, head=InstanceHead("1.2.3"))
    diagnosis = diagnosed(alice)
    report, _ = outgoing_add(peer=peer, row=Outgoing(diagnosis=diagnosis, kind="sr", sop_instance_uid="9.1"))
    outgoing_sent(outgoing=report)
    instance_classified(instance=instance, study=diagnosis.study)
    assert Instance.objects.get().state == "sent"


def test_the_service_person_cannot_sign_in(hospital: Institution) -> None:
    person = service_person(hospital)
    assert service_person(hospital) == person
    assert (person.is_active, person.has_usable_password()) == (False, False)
