"""Our receiver in this process, dcmtk's programs and a real Orthanc against it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Institution
from pacs.models import Peer
from pacs.storage_scp import start_receiver
from tests.pacs.certificates import certificate
from tests.pacs.orthanc import USER, WORD, Orthanc, free_port, running_orthanc
from tests.pacs.peers import peer_of


@pytest.fixture
def receiver_port(transactional_db: None, settings: Settings) -> Iterator[int]:
    """The port of a receiver that runs."""
    settings.PACS_PORT = free_port()
    receiver, server = start_receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield settings.PACS_PORT
    server.shutdown()
    receiver.shutdown()
    thread.join(10)


@pytest.fixture
def certificates(tmp_path: Path, settings: Settings) -> Path:
    """Those of the authority, of the site, of a peer (`xray`); one of another address, and one that nobody knows."""
    for name, authority in (("ca", ""), ("site", "ca"), ("xray", "ca"), ("stranger", "")):
        certificate(tmp_path, name, authority)
    certificate(tmp_path, "elsewhere", "ca", address="192.0.2.1")
    settings.PACS_TLS_CERTIFICATE, settings.PACS_TLS_KEY = str(tmp_path / "site.crt"), str(tmp_path / "site.key")
    settings.PACS_TLS_CA = str(tmp_path / "ca.crt")
    return tmp_path


@pytest.fixture
def modality(transactional_db: None, hospital: Institution) -> Peer:
    """An X-ray device that may send and cannot be asked."""
    return peer_of(hospital, name="X-ray 1", ae_title="XRAY1", port=None, is_searched=False)


@pytest.fixture
def orthanc(tmp_path: Path, receiver_port: int) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path / "orthanc", receiver_port=receiver_port) as orthanc:
        yield orthanc


@pytest.fixture
def archive(orthanc: Orthanc, hospital: Institution, settings: Settings) -> Peer:
    """That Orthanc as an archive with DICOMweb."""
    settings.PACS_CREDENTIALS = {"ORTHANC": f"{USER}:{WORD}"}
    return peer_of(
        hospital,
        name="Archive",
        ae_title="ORTHANC",
        port=orthanc.dicom_port,
        dicomweb_url=orthanc.dicomweb_url,
        changes_url=orthanc.url,
        credentials="ORTHANC",
        is_watched=True,
    )
