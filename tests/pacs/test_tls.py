"""The site as a client over TLS: dcmtk and a real Orthanc that ask for its certificate, and show theirs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Institution, User
from pacs.archives import radiographs_of, search_studies
from pacs.delivery import deliver
from pacs.errors import ArchiveFault
from pacs.models import Peer
from pacs.queries import StudyQuery
from pacs.services import InstanceHead, instance_found
from pacs.work import treat_now
from tests.pacs.dcmqrscp import wait_for
from tests.pacs.orthanc import free_port, needed, running_orthanc
from tests.pacs.peers import peer_of
from tests.pacs.test_archives import MINE, STUDY, in_archive
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom


@contextmanager
def running_storescp(certificates: Path, name: str) -> Iterator[int]:
    """dcmtk's receiver with this certificate, which asks for one of the authority's; its port."""
    needed("storescp")
    port = free_port()
    (certificates / "stored").mkdir()
    own = [str(certificates / f"{name}.key"), str(certificates / f"{name}.crt")]
    command = ["storescp", "+tls", *own, "+cf", str(certificates / "ca.crt"), "-od", "stored", str(port)]
    process = subprocess.Popen(command, cwd=certificates, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.parametrize(
    ("theirs", "ours", "is_taken"),
    [
        ("xray", "site", True),
        ("xray", "stranger", False),
        ("stranger", "site", False),
        ("elsewhere", "site", False),
    ],
    ids=["both right", "ours is unknown", "theirs is unknown", "theirs is of another address"],
)
def test_c_store(
    theirs: str,
    ours: str,
    is_taken: bool,
    certificates: Path,
    hospital: Institution,
    settings: Settings,
    dicom_samples: Path,
) -> None:
    settings.PACS_TLS_CERTIFICATE = str(certificates / f"{ours}.crt")
    settings.PACS_TLS_KEY = str(certificates / f"{ours}.key")
    with running_storescp(certificates, theirs) as port:
        peer = peer_of(hospital, port=port, uses_tls=True)
        expected = nullcontext() if is_taken else pytest.raises(ArchiveFault, match="both certificates")
        with expected:
            deliver(peer, radiograph_dicom(dicom_samples), uid="1.2")
        assert len(list((certificates / "stored").iterdir())) == is_taken


def test_search_and_have_sent(
    certificates: Path,
    receiver_port: int,
    hospital: Institution,
    alice: User,
    engine: ToyEngine,
    dicom_samples: Path,
    settings: Settings,
) -> None:
    """C-FIND, C-MOVE and the archive's own C-STORE to us; and nothing of it without our certificate."""
    with running_orthanc(certificates / "orthanc", receiver_port=receiver_port, certificates=certificates) as orthanc:
        archive = peer_of(hospital, ae_title="ORTHANC", port=orthanc.dicom_port, uses_tls=True)
        in_archive(orthanc, dicom_samples)
        [study] = search_studies(archive, StudyQuery(patient_number=MINE["PatientID"]))
        [found] = radiographs_of(archive, study.study_instance_uid)
        head = InstanceHead(found.sop_instance_uid, "", f"{STUDY}.1.1", f"{STUDY}.1")
        row, _ = instance_found(peer=archive, head=head, person=alice)
        assert treat_now(row).state == "received"
        settings.PACS_TLS_CERTIFICATE = ""
        with pytest.raises(ArchiveFault, match="check both certificates"):
            search_studies(archive, StudyQuery())
        Peer.objects.update(uses_tls=False)
        with pytest.raises(ArchiveFault):
            search_studies(Peer.objects.get(), StudyQuery())
