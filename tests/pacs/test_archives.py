"""Against a real Orthanc: watching, fetching, searching by DICOMweb and by C-FIND and C-MOVE."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Institution, User
from diagnosis.models import Diagnosis
from pacs.archives import radiographs_of, search_studies
from pacs.errors import ArchiveFault
from pacs.models import Instance, Peer
from pacs.queries import StudyQuery
from pacs.services import InstanceHead, instance_found
from pacs.watching import Watch, look
from pacs.work import treat_now, work_once
from tests.pacs.dcmqrscp import running_dcmqrscp
from tests.pacs.orthanc import Orthanc
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom

TODAY = f"{timezone.localdate():%Y%m%d}"
MINE = {"PatientID": "P-1", "PatientName": "Müller^Åsa", "AccessionNumber": "A-1", "SpecificCharacterSet": "ISO_IR 192"}
STUDY = "1.2.826.0.1.3680043.8.498.1"


def in_archive(orthanc: Orthanc, samples: Path, number: int = 1, **tags: str) -> None:
    uids = {"StudyInstanceUID": f"{STUDY}.{number}", "SeriesInstanceUID": f"{STUDY}.{number}.1"}
    orthanc.keep(radiograph_dicom(samples, **(MINE | uids | {"StudyDate": TODAY} | tags)))


def test_what_is_new_is_fetched_and_classified(
    orthanc: Orthanc, archive: Peer, engine: ToyEngine, dicom_samples: Path, settings: Settings
) -> None:
    settings.PACS_WATCH_SECONDS = 0
    watch = Watch()
    assert look(archive, watch) == 0
    in_archive(orthanc, dicom_samples)
    in_archive(orthanc, dicom_samples, number=2, StudyDate="20200101")  # long ago: only by hand
    assert look(archive, watch) == 1
    assert look(archive, Watch()) == 0  # another process sees it in the ledger
    while work_once():
        pass
    row = Instance.objects.get()
    assert (row.state, row.accession_number, row.attempts) == ("classified", "A-1", 1)
    study = Diagnosis.objects.get().study
    assert (study.received_from, study.patient_name, study.sop_instance_uid) == (
        "ORTHANC",
        "Müller Åsa",
        row.sop_instance_uid,
    )


def test_orthancs_changes_are_only_a_hint(
    orthanc: Orthanc, archive: Peer, engine: ToyEngine, dicom_samples: Path, settings: Settings
) -> None:
    settings.PACS_WATCH_SECONDS = 3600
    watch = Watch()
    look(archive, watch)
    archive.refresh_from_db()
    assert look(archive, watch) == 0
    in_archive(orthanc, dicom_samples)
    assert look(archive, watch) == 1


def test_an_archive_that_is_away_is_asked_again(
    orthanc: Orthanc, archive: Peer, engine: ToyEngine, dicom_samples: Path, settings: Settings
) -> None:
    """Its fault is at its row, the radiograph waits, and both go on when it is back."""
    settings.PACS_WATCH_SECONDS = 0
    in_archive(orthanc, dicom_samples)
    look(archive, Watch())
    orthanc.kill()
    look(archive, Watch())
    archive.refresh_from_db()
    assert archive.fault == "The archive does not answer."
    assert work_once()
    row = Instance.objects.get()
    assert (row.state, row.reason) == ("found", "archive-away")
    orthanc.start()
    Instance.objects.update(next_at=timezone.now())
    look(archive, Watch())
    assert work_once()
    row.refresh_from_db()
    archive.refresh_from_db()
    assert (row.state, archive.fault) == ("classified", "")


def test_wrong_credentials_are_said(archive: Peer, settings: Settings) -> None:
    settings.PACS_CREDENTIALS = {"ORTHANC": "archive:wrong"}
    with pytest.raises(ArchiveFault, match="refused the user name") as caught:
        search_studies(archive, StudyQuery())
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("is_dicomweb", [True, False], ids=["DICOMweb", "C-FIND"])
def test_search(
    is_dicomweb: bool, orthanc: Orthanc, archive: Peer, dicom_samples: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And no log says whom the archive was asked for."""
    if not is_dicomweb:
        archive.dicomweb_url = ""
    in_archive(orthanc, dicom_samples)
    in_archive(orthanc, dicom_samples, number=2, PatientID="P-2", PatientName="Other^Name", AccessionNumber="A-2")
    in_archive(orthanc, dicom_samples, number=3, PatientID="P-3", Modality="CT")
    day = timezone.localdate()
    assert [study.patient_number for study in search_studies(archive, StudyQuery())] == ["P-1", "P-2"]
    for query in (
        StudyQuery(patient_number="P-1"),
        StudyQuery(patient_name="müll"),
        StudyQuery(accession_number="A-1"),
        StudyQuery(patient_number="P-1", first_day=day, last_day=day),
    ):
        assert [study.patient_name for study in search_studies(archive, query)] == ["Müller Åsa"], query
    assert search_studies(archive, StudyQuery(patient_name="*")) == search_studies(archive, StudyQuery())
    [radiograph] = radiographs_of(archive, f"{STUDY}.1")
    assert (radiograph.series_instance_uid, radiograph.modality) == (f"{STUDY}.1.1", "CR")
    assert not any(word in caplog.text for word in ("Other", "m*ll", "P-1", "A-1"))


def test_without_dicomweb_the_archive_sends_it(
    receiver_port: int, hospital: Institution, alice: User, engine: ToyEngine, dicom_samples: Path, tmp_path: Path
) -> None:
    """C-FIND and C-MOVE: it comes in at the receiver, in the name of the person who asked."""
    file = tmp_path / "chest.dcm"
    uids = {"StudyInstanceUID": f"{STUDY}.1", "SeriesInstanceUID": f"{STUDY}.1.1"}
    file.write_bytes(radiograph_dicom(dicom_samples, **(MINE | uids)))
    with running_dcmqrscp(tmp_path / "second", receiver_port) as port:
        command = ["storescu", "-xe", "-aec", "SECOND", "127.0.0.1", str(port), str(file)]
        subprocess.run(command, check=True, timeout=60)
        archive = peer_of(hospital, ae_title="SECOND", port=port)
        [study] = search_studies(archive, StudyQuery(patient_name="Müller"))
        [found] = radiographs_of(archive, study.study_instance_uid)
        head = InstanceHead(
            found.sop_instance_uid,
            series_instance_uid=found.series_instance_uid,
            study_instance_uid=found.study_instance_uid,
        )
        row, _ = instance_found(peer=archive, head=head, person=alice)
        assert treat_now(row).state == "received"
    assert treat_now(row).state == "classified"
    assert Diagnosis.objects.get().study.uploaded_by == alice


def test_an_archive_that_does_not_know_us(orthanc: Orthanc, archive: Peer, settings: Settings) -> None:
    archive.dicomweb_url, settings.PACS_AE_TITLE = "", "SOMEBODY"
    with pytest.raises(ArchiveFault, match="does not let this site in"):
        search_studies(archive, StudyQuery())
