"""A patient's rows and files of the ledger: in the export, and gone with the patient."""

import json
import zipfile
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Institution, User
from diagnosis.models import Diagnosis, Patient
from diagnosis.privacy.erasure import Reason, patient_erase
from diagnosis.privacy.export import patient_export
from pacs.heads import head_of_file
from pacs.inbox import inbox_write
from pacs.models import Instance, Outgoing, Peer
from pacs.services import instance_received
from pacs.work import work_once
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom

pytestmark = pytest.mark.django_db(transaction=True)


def received(peer: Peer, samples: Path, number: int, **tags: str) -> bytes:
    """A radiograph that a modality has sent."""
    content = radiograph_dicom(samples, SOPInstanceUID=f"1.2.{number}", **tags)
    head = head_of_file(content)
    assert head
    instance_received(peer=peer, head=head, file=inbox_write(content), size=len(content), ae_title="XRAY1")
    return content


@pytest.fixture
def patient(hospital: Institution, alice: User, engine: ToyEngine, dicom_samples: Path) -> Patient:
    """One radiograph is classified and its report was sent, another was given up; a third is somebody else's."""
    peer = peer_of(hospital)
    received(peer, dicom_samples, 1, PatientID="MRN-7")
    assert work_once()
    Outgoing.objects.create(diagnosis=Diagnosis.objects.get(), peer=peer, kind="sr", sop_instance_uid="9.1")
    received(peer, dicom_samples, 2, PatientID="mrn-7 ", AccessionNumber="A-2")
    received(peer, dicom_samples, 3, PatientID="MRN-8", AccessionNumber="A-3")
    Instance.objects.exclude(state="classified").update(state="dead", changed=timezone.now())
    return Patient.objects.get(reference="MRN-7")


def test_the_export_has_them(patient: Patient, tmp_path: Path) -> None:
    patient_export(actor=None, patient=patient, to=tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        rows = json.loads(archive.read("patient.json"))["pacs"]
        [file] = [name for name in archive.namelist() if name.startswith("pacs/")]
        assert b"mrn-7" in archive.read(file)
    assert [row["sop_instance_uid"] for row in rows] == ["1.2.1", "1.2.2", "9.1"]
    assert "A-2" in {row.get("accession_number") for row in rows}


def test_erasing_the_patient_reaches_them(patient: Patient, settings: Settings) -> None:
    """And nobody else's."""
    patient_erase(actor=None, patient=patient, reason=Reason.REQUEST)
    rows = Instance.objects.order_by("pk").values_list("sop_instance_uid", "state", "accession_number", "reference_key")
    assert list(rows) == [("1.2.1", "erased", "", ""), ("1.2.2", "erased", "", ""), ("1.2.3", "dead", "A-3", "mrn-8")]
    assert [path.name for path in settings.PACS_INBOX.iterdir()] == [Instance.objects.get(state="dead").file]
    assert not Outgoing.objects.exists()
