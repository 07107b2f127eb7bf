"""What becomes due for an archive, and what is given up; the archive itself is a list here."""

from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Diagnosis, StudyEvent
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create
from diagnosis.reviews.services import review_add
from diagnosis.studies.services import study_move, study_restore, study_void
from diagnosis.uploads.services import diagnosis_create
from pacs import sending
from pacs.models import Outgoing, Peer
from pacs.outbox import outbox_fill
from tests.cast import client_of
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(alice: User) -> Peer:
    return peer_of(alice.institution, returns=Peer.Returns.AT_ONCE)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The UIDs of what the archive has taken."""
    uids: list[str] = []
    monkeypatch.setattr(sending, "deliver", lambda peer, content, uid: uids.append(uid))
    return uids


def result(user: User, samples: Path, number: int = 1) -> Diagnosis:
    content = radiograph_dicom(samples, PatientID=f"MRN-{number}")
    return diagnosis_create(user=user, content=content, file_name="chest.dcm").diagnosis


def send_all() -> None:
    Outgoing.objects.filter(state="waiting").update(next_at=timezone.now())
    while sending.send_next():
        pass


def test_only_what_comes_after_it_was_switched_on(
    archive: Peer, alice: User, charlie: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    result(alice, dicom_samples)
    assert outbox_fill() == 0
    result(charlie, dicom_samples)  # another institution
    mine = result(alice, dicom_samples, 2)
    assert (outbox_fill(), outbox_fill()) == (3, 0)
    assert set(Outgoing.objects.values_list("diagnosis", flat=True)) == {mine.pk}


def test_an_event_that_was_committed_late_is_found(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    outbox_fill()
    result(alice, dicom_samples)
    Peer.objects.update(sent_event=StudyEvent.objects.latest("pk").pk)  # another with a higher number was first
    assert outbox_fill() == 3


def test_it_is_given_up_after_so_many_attempts(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, settings: Settings
) -> None:
    settings.PACS_ATTEMPTS = 2
    Peer.objects.update(port=1)  # nobody listens there
    outbox_fill()
    result(alice, dicom_samples)
    outbox_fill()
    for _ in range(3):
        sending.send_next()
    assert set(Outgoing.objects.values_list("state", "attempts", "reason")) == {("waiting", 1, "archive-away")}
    send_all()
    assert set(Outgoing.objects.values_list("state", "reason")) == {("dead", "archive-away")}


def test_a_restored_answer_is_sent_anew(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, taken: list[str]
) -> None:
    outbox_fill()
    study = result(alice, dicom_samples).study
    for change in (study_void, study_restore):
        outbox_fill()
        send_all()
        change(user=alice, study=study, reason="Mistake")
    outbox_fill()
    send_all()
    assert len(set(taken)) == len(taken) == 3 + 2 + 3


def test_another_patients_report_is_not_sent(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, taken: list[str]
) -> None:
    outbox_fill()
    study = result(alice, dicom_samples).study
    other = patient_get_or_create(user=alice, details=PatientDetails("MRN-9", "Somebody else"))
    assert other
    study_move(user=alice, study=study, patient=other, reason="Mix-up")
    outbox_fill()
    send_all()
    states = dict(Outgoing.objects.values_list("kind", "state"))
    assert (states, len(taken)) == ({"sr": "sent", "sc": "sent", "pdf": "dead"}, 2)
    assert "another patient" in listed(alice)


def listed(user: User) -> str:
    return client_of(user).get(reverse("pacs:sent")).content.decode()


def test_what_was_given_up_is_listed_and_sent_again(
    archive: Peer, alice: User, bob: User, charlie: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    outbox_fill()
    result(alice, dicom_samples)
    outbox_fill()
    Outgoing.objects.filter(kind="sr").update(
        state="dead", reason="refused", reason_text="The archive does not answer."
    )
    assert listed(bob).count("The archive does not answer.") == 1
    assert "does not answer" not in listed(charlie)
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    assert "does not answer" not in listed(bob)  # whether it was reviewed shows in the list, too
    dead = Outgoing.objects.get(state="dead")
    assert client_of(charlie).post(reverse("pacs:send-again", args=[dead.uuid])).status_code == 404
    client_of(alice).post(reverse("pacs:send-again", args=[dead.uuid]))
    assert Outgoing.objects.get(pk=dead.pk).state == "waiting"


def test_sent_by_hand(
    archive: Peer, alice: User, bob: User, charlie: User, engine: ToyEngine, dicom_samples: Path, taken: list[str]
) -> None:
    """Where an administrator allows that, nothing goes by itself; what was sent is kept up to date."""
    Peer.objects.update(returns=Peer.Returns.BY_HAND)
    outbox_fill()
    mine = result(alice, dicom_samples)
    address = reverse("pacs:send-result", args=[mine.uuid])
    assert outbox_fill() == 0
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    assert [client_of(user).post(address).status_code for user in (bob, charlie, alice)] == [403, 404, 302]
    outbox_fill()
    send_all()
    assert len(taken) == 3
    review_add(user=alice, diagnosis=mine, conclusion="likely")
    outbox_fill()
    send_all()
    assert len(set(taken)) == 6
    client_of(alice).post(address)  # it is gone from the archive: once more
    send_all()
    assert taken[6:] == taken[3:6]
    Peer.objects.update(returns=Peer.Returns.NEVER)
    assert client_of(alice).post(address).status_code == 404


def test_only_the_newest_review_is_sent_by_hand(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, taken: list[str]
) -> None:
    """What came before it is not sent after it."""
    Peer.objects.update(returns=Peer.Returns.BY_HAND)
    outbox_fill()
    mine = result(alice, dicom_samples)
    for conclusion in ("likely", "unsure"):
        review_add(user=alice, diagnosis=mine, conclusion=conclusion)
    outbox_fill()
    client_of(alice).post(reverse("pacs:send-result", args=[mine.uuid]))
    assert outbox_fill() == 0
    assert Outgoing.objects.count() == 3
    assert {row.event for row in Outgoing.objects.all()} == {StudyEvent.objects.filter(kind="reviewed").last()}


def test_the_button_is_there_where_it_can_be_sent(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, settings: Settings
) -> None:
    settings.PACS = True
    mine, picture = result(alice, dicom_samples), diagnosed(alice)
    shown = [client_of(alice).get(each.get_absolute_url()).content.decode() for each in (mine, picture)]
    assert ["Send to the PACS" in page for page in shown] == [True, False]
    Peer.objects.update(returns=Peer.Returns.NEVER)
    assert "Send to the PACS" not in client_of(alice).get(mine.get_absolute_url()).content.decode()


def test_erased_while_it_is_sent(
    archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sending process goes on."""
    outbox_fill()
    mine = result(alice, dicom_samples)
    outbox_fill()
    monkeypatch.setattr(sending, "deliver", lambda *_values, **_named: Outgoing.objects.all().delete())
    assert sending.send_next()
    assert not sending.send_next()
    assert mine.study
