"""The pages of the PACS: whose archive, whose radiographs, what is recorded, what can be tried again."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Institution, User
from audit.models import Action, AuditEntry
from diagnosis.models import Refusal
from pacs.inbox import inbox_write
from pacs.models import Instance, Peer
from pacs.services import InstanceHead, instance_received
from pacs.work import stopped_files_expire, work_once
from tests.cast import client_of
from tests.pacs.orthanc import Orthanc
from tests.pacs.peers import peer_of
from tests.pacs.test_archives import STUDY, in_archive
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom


@pytest.fixture
def peer(hospital: Institution) -> Peer:
    return peer_of(hospital)


def received(peer: Peer, content: bytes = b"no radiograph") -> Instance:
    head = InstanceHead("1.2.3", modality="CR", accession_number="A-7", requesting_department="Ward 3")
    instance_received(peer=peer, head=head, file=inbox_write(content), size=1, ae_title="XRAY1")
    return Instance.objects.get(sop_instance_uid="1.2.3")


def page(user: User, **asked: str) -> str:
    return client_of(user).get(reverse("pacs:received"), asked).content.decode()


def test_a_refused_one_is_listed_with_its_reason(
    peer: Peer, alice: User, charlie: User, engine: ToyEngine, settings: Settings
) -> None:
    row = received(peer)
    answer = client_of(alice).post(reverse("pacs:retry", args=[row.uuid]), follow=True)
    shown = answer.content.decode()
    assert "Refused" in shown
    assert "A-7" in shown
    assert "Ward 3" in shown
    assert "neither a JPEG" in shown or "not a" in shown
    assert "Only the sender can send it again" in shown  # nothing of it is kept, and no archive is known to have it
    client_of(alice).post(reverse("pacs:retry", args=[row.uuid]))
    row.refresh_from_db()
    assert (row.state, row.reason, row.file) == ("dead", "file-lost", "")
    assert list(settings.PACS_INBOX.iterdir()) == []
    assert "Failed" in page(alice, shown="stopped")
    assert "A-7" not in page(alice, shown="waiting")
    assert "A-7" not in page(charlie)


def test_a_refused_one_is_stored_without_an_answer(
    peer: Peer, alice: User, engine: ToyEngine, dicom_samples: Path, settings: Settings
) -> None:
    """A lateral view waits a week for that click; a photograph would not."""
    row = received(peer, radiograph_dicom(dicom_samples, SOPInstanceUID="1.2.3", ViewPosition="LL"))
    assert work_once()
    assert len(list(settings.PACS_INBOX.iterdir())) == 1
    store = reverse("pacs:store", args=[row.uuid])
    assert store in page(alice)
    answer = client_of(alice).post(store)
    row.refresh_from_db()
    assert row.study
    assert (row.state, row.file, row.study.diagnoses.count()) == ("stored", "", 0)
    assert answer["Location"] == row.study.get_absolute_url() in page(alice)
    assert Refusal.objects.count() == 1


def test_its_file_waits_a_week(peer: Peer, alice: User, settings: Settings) -> None:
    row = received(peer)
    Instance.objects.update(state="refused", reason="view", changed=timezone.now() - timedelta(days=8))
    assert stopped_files_expire() == 1
    row.refresh_from_db()
    assert (row.file, list(settings.PACS_INBOX.iterdir())) == ("", [])
    assert reverse("pacs:store", args=[row.uuid]) not in page(alice)


def test_a_dead_one_is_tried_again(peer: Peer, alice: User, engine: ToyEngine, dicom_samples: Path) -> None:
    row = received(peer, radiograph_dicom(dicom_samples))
    Instance.objects.update(state="dead", attempts=20, next_at=timezone.now() + timedelta(hours=6))
    answer = client_of(alice).post(reverse("pacs:retry", args=[row.uuid]))
    row.refresh_from_db()
    assert row.diagnosis is not None
    assert answer["Location"] == row.diagnosis.get_absolute_url()


def test_the_file_of_a_dead_one_goes_after_a_month(peer: Peer, alice: User, settings: Settings) -> None:
    row = received(peer)
    Instance.objects.update(state="dead", changed=timezone.now() - timedelta(days=29))
    assert stopped_files_expire() == 0
    Instance.objects.update(changed=timezone.now() - timedelta(days=31))
    assert stopped_files_expire() == 1
    row.refresh_from_db()
    assert (row.file, row.state, list(settings.PACS_INBOX.iterdir())) == ("", "dead", [])


def test_another_hospitals_row_is_not_there(peer: Peer, charlie: User) -> None:
    row = received(peer)
    assert client_of(charlie).post(reverse("pacs:retry", args=[row.uuid])).status_code == 404
    assert client_of(charlie).get(reverse("pacs:study", args=[peer.uuid, "1.2"])).status_code == 404


def test_own_only(peer: Peer, alice: User, settings: Settings) -> None:
    """Where radiographers see their own, what nobody fetched is nobody's."""
    settings.RADIOGRAPHERS_SEE = "own"
    received(peer)
    assert "A-7" not in page(alice)
    Instance.objects.update(person=alice)
    assert "A-7" in page(alice)


def test_a_search_is_recorded_without_what_for(
    archive: Peer, orthanc: Orthanc, alice: User, dicom_samples: Path
) -> None:
    in_archive(orthanc, dicom_samples)
    asked = {"archive": str(archive.uuid), "name": "Müller"}
    shown = client_of(alice).get(reverse("pacs:search"), asked).content.decode()
    assert "Müller Åsa" in shown
    entry = AuditEntry.objects.get(action=Action.PACS_SEARCHED)
    assert entry.detail == {"rows": 1, "filters": ["name"]}
    assert (entry.subject, entry.actor) == (archive.uuid, alice.uuid)


def test_a_preview_is_drawn_anew_and_recorded(
    archive: Peer, orthanc: Orthanc, alice: User, dicom_samples: Path
) -> None:
    in_archive(orthanc, dicom_samples)
    [instance] = orthanc.get("/instances")
    uid = orthanc.get(f"/instances/{instance}/simplified-tags")["SOPInstanceUID"]
    address = reverse("pacs:preview", args=[archive.uuid, f"{STUDY}.1", f"{STUDY}.1.1", uid])
    picture = client_of(alice).get(address)
    assert picture.content.startswith(b"\xff\xd8\xff")
    assert b"ller" not in picture.content
    assert AuditEntry.objects.get(action=Action.PACS_VIEWED).detail == {"instance": uid}


def test_nothing_to_look_for(peer: Peer, alice: User) -> None:
    """An archive is never asked for everything that it has."""
    answer = client_of(alice).get(reverse("pacs:search"), {"archive": str(peer.uuid), "name": ""})
    assert answer.status_code == 422
    assert "at least one field" in answer.content.decode()


def test_without_an_archive(alice: User) -> None:
    assert "no archive to search yet" in client_of(alice).get(reverse("pacs:search")).content.decode()


def test_the_navigation_leads_there_where_it_is_on(alice: User, settings: Settings) -> None:
    client, link = client_of(alice), reverse("pacs:search")
    assert link not in client.get("/").content.decode()
    settings.PACS = True
    assert link in client.get("/").content.decode()


def test_the_password_is_shown_nowhere(peer: Peer, dora: User, settings: Settings) -> None:
    settings.PACS_CREDENTIALS = {"MAIN": "archive:let-me-in"}
    Peer.objects.update(credentials="MAIN")
    for address in ("changelist", "change"):
        args = [peer.pk] if address == "change" else []
        shown = client_of(dora).get(reverse(f"admin:pacs_peer_{address}", args=args)).content.decode()
        assert "let-me-in" not in shown


def test_the_list_shows_where_it_came_from(alice: User, engine: ToyEngine, client: Client) -> None:
    study = diagnosed(alice).study
    study.received_from, study.dicom = (
        "XRAY1",
        {
            "modality": "CR",
            "accession_number": "A-7",
            "requesting_department": "Ward 3",
            "acquired": "2026-01-02T10:15:00",
        },
    )
    study.save()
    shown = client_of(alice).get(reverse("diagnosis:results")).content.decode()
    for text in ("XRAY1", "A-7", "Ward 3", "ago"):
        assert text in shown


def test_a_blind_reader_sees_no_review(peer: Peer, alice: User, bob: User, engine: ToyEngine) -> None:
    """A result that goes back after its review tells of the review."""
    row, study = received(peer), diagnosed(alice).study
    Instance.objects.filter(pk=row.pk).update(state="sent", study=study)
    assert "Result sent back" in page(bob)
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    assert "Result sent back" not in page(User.objects.get(pk=bob.pk))


@pytest.mark.parametrize("name", ["search", "received", "sent"])
def test_only_radiographers_and_noted(name: str, peer: Peer, alice: User, dora: User) -> None:
    address = reverse(f"pacs:{name}")
    assert client_of(dora).get(address).status_code == 403
    assert client_of(alice).get(address).status_code == 200
    noted = AuditEntry.objects.filter(action=Action.PACS_LISTED, actor=alice.uuid).count()
    assert noted == (name != "search")  # a form shows nobody
