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
from diagnosis.studies.services import study_move, study_restore, study_void
from diagnosis.uploads.services import diagnosis_create
from pacs import sending
from pacs.models import Outgoing, Peer
from pacs.outbox import outbox_fill
from tests.cast import client_of
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom

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
