"""Results on their way back into a real archive: what is there in the end, whoever is killed in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from diagnosis.errors import RadiographRejected
from diagnosis.models import Diagnosis
from diagnosis.reviews.services import review_add
from diagnosis.studies.services import study_void
from diagnosis.uploads.services import diagnosis_create
from pacs.models import Outgoing, Peer
from pacs.outbox import outbox_fill
from tests.pacs.orthanc import USER, WORD, Orthanc, running_orthanc
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom, radiograph_png

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path / "orthanc") as orthanc:
        yield orthanc


@pytest.fixture
def archive(orthanc: Orthanc, alice: User, settings: Settings) -> Peer:
    """Gets every answer at once, by STOW-RS."""
    settings.PACS_CREDENTIALS = {"archive": f"{USER}:{WORD}"}
    settings.SITE_URL = "https://x.example.org"
    values = {"dicomweb_url": orthanc.dicomweb_url, "ae_title": "ORTHANC", "credentials": "archive"}
    peer = peer_of(alice.institution, returns=Peer.Returns.AT_ONCE, **values)
    outbox_fill()  # from here on
    return peer


def taken(user: User, orthanc: Orthanc, samples: Path, **tags: str) -> Diagnosis:
    """The result of a radiograph that the archive has."""
    content = radiograph_dicom(samples, **tags)
    orthanc.keep(content)
    return diagnosis_create(user=user, content=content, file_name="chest.dcm").diagnosis


def stored(orthanc: Orthanc, instance: str) -> bytes:
    return requests.get(f"{orthanc.url}/instances/{instance}/file", auth=(USER, WORD), timeout=20).content


def send() -> None:
    Outgoing.objects.filter(state="waiting").update(next_at=timezone.now())
    call_command("send_to_pacs", once=True)


def test_an_answer_goes_back_once(
    orthanc: Orthanc,
    archive: Peer,
    alice: User,
    engine: ToyEngine,
    dicom_samples: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    diagnosis = taken(alice, orthanc, dicom_samples, PatientName="山田^太郎", SpecificCharacterSet="ISO_IR 192")
    diagnosis_create(user=alice, content=radiograph_png(), file_name="chest.png")  # has no study to go back to
    send()
    assert sorted(orthanc.modalities()) == ["CR", "DOC", "OT", "SR"]
    Outgoing.objects.update(state="waiting")  # as if every answer of the archive had been lost
    send()
    assert sorted(orthanc.modalities()) == ["CR", "DOC", "OT", "SR"]
    assert set(Outgoing.objects.values_list("state", "reason")) == {("sent", "")}
    assert not any(secret in caplog.text for secret in ("山田", str(diagnosis.study.sop_instance_uid)))


def test_killed_archive_gets_everything_later(
    orthanc: Orthanc, archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    diagnosis = taken(alice, orthanc, dicom_samples)
    send()
    orthanc.kill()
    review_add(user=alice, diagnosis=diagnosis, conclusion="unlikely", reason="Clear lungs")
    send()
    waiting = Outgoing.objects.filter(state="waiting", attempts__gte=1)
    assert list(waiting.values_list("reason", flat=True)) == ["archive-away"] * 3
    orthanc.start()
    send()
    study_void(user=alice, study=diagnosis.study, reason="Wrong patient")
    send()
    assert sorted(orthanc.modalities()) == ["CR", "DOC", "DOC", "OT", "OT", "OT", "SR", "SR", "SR"]


def test_voided_before_it_was_sent(
    orthanc: Orthanc, archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    diagnosis = taken(alice, orthanc, dicom_samples)
    outbox_fill()
    study_void(user=alice, study=diagnosis.study, reason="Wrong patient")
    send()
    assert set(Outgoing.objects.filter(event=None).values_list("state", "reason")) == {("dead", "voided")}
    assert sorted(orthanc.modalities()) == ["CR", "OT", "SR"]  # that say so


def test_c_store_after_the_review(
    orthanc: Orthanc, archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    by_review = {"dicomweb_url": "", "port": orthanc.dicom_port, "returns": Peer.Returns.REVIEWED}
    Peer.objects.filter(pk=archive.pk).update(**by_review)
    diagnosis = taken(alice, orthanc, dicom_samples)
    send()
    assert sorted(orthanc.modalities()) == ["CR"]
    review_add(user=alice, diagnosis=diagnosis, conclusion="likely")
    send()
    assert sorted(orthanc.modalities()) == ["CR", "DOC", "OT", "SR"]


def test_what_was_sent_is_no_radiograph(
    orthanc: Orthanc, archive: Peer, alice: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    taken(alice, orthanc, dicom_samples)
    send()
    for instance in orthanc.get("/instances"):
        if "CR" in orthanc.get(f"/instances/{instance}/simplified-tags")["Modality"]:
            continue
        with pytest.raises(RadiographRejected) as refusal:
            diagnosis_create(user=alice, content=stored(orthanc, instance), file_name="back.dcm")
        assert refusal.value.code == "own-output"
    assert Diagnosis.objects.count() == 1
