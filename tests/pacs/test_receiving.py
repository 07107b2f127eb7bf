"""What peers send by C-STORE: kept, dropped, refused, asked to send again. dcmtk's own programs send it."""

import errno
import io
import subprocess
from pathlib import Path
from typing import Any

import pydicom
import pytest
from django.db import OperationalError
from pydicom.uid import BasicTextSRStorage, generate_uid
from pynetdicom.sop_class import ComputedRadiographyImageStorage  # type: ignore[attr-defined]
from pytest_django import Settings

from pacs import receiving
from pacs.inbox import inbox_read, inbox_sweep
from pacs.models import Instance, Peer
from pacs.services import files_in_use
from pacs.work import work_once
from tests.pacs.orthanc import needed
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom

SAMPLE = {
    "AccessionNumber": "A-77",
    "RequestingService": "Pneumology",
    "AcquisitionDateTime": "20260102101500",
    "TimezoneOffsetFromUTC": "-0400",
}


def send(port: int, *files: Path, title: str = "XRAY1", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    needed("storescu")
    command = [
        "storescu",
        "-xe",
        *options,
        "-aet",
        title,
        "-aec",
        "COVIDXRAY",
        "127.0.0.1",
        str(port),
        *map(str, files),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def chest(tmp_path: Path, dicom_samples: Path) -> Path:
    path = tmp_path / "chest.dcm"
    path.write_bytes(radiograph_dicom(dicom_samples, **SAMPLE))
    return path


def stored_in(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_a_device_sends_a_radiograph(receiver_port: int, modality: Peer, chest: Path, engine: ToyEngine) -> None:
    assert send(receiver_port, chest).returncode == 0
    row = Instance.objects.get()
    assert (row.state, row.ae_title, row.accession_number, row.requesting_department) == (
        "received",
        "XRAY1",
        "A-77",
        "Pneumology",
    )
    assert f"{row.acquired:%Y-%m-%d %H:%M}" == "2026-01-02 14:15"
    assert pydicom.dcmread(io.BytesIO(inbox_read(row.file))).PixelData == pydicom.dcmread(chest).PixelData
    assert work_once()
    row.refresh_from_db()
    assert (row.state, row.file, files_in_use()) == ("classified", "", set())
    assert row.study is not None
    assert (row.study.received_from, row.study.uploaded_by.username[:5]) == ("XRAY1", "pacs-")


def test_sent_again_adds_nothing(receiver_port: int, modality: Peer, chest: Path, settings: Settings) -> None:
    """Before and after it was classified, with a header that an archive has rewritten."""
    rewritten = pydicom.dcmread(chest)
    rewritten.InstitutionName = "Rewritten"
    rewritten.save_as(chest.with_name("rewritten.dcm"))
    assert send(receiver_port, chest, chest.with_name("rewritten.dcm")).returncode == 0
    Instance.objects.update(state="classified", file="")
    assert send(receiver_port, chest).returncode == 0
    assert Instance.objects.get().state == "classified"
    assert stored_in(settings.PACS_INBOX) == [".dcm"]


def test_other_objects_are_dropped(receiver_port: int, modality: Peer, chest: Path, settings: Settings) -> None:
    """A study is sent as a whole, and must not fail for its report."""
    report = pydicom.dcmread(chest)
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = BasicTextSRStorage
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    del report.PixelData
    report.save_as(chest.with_name("report.dcm"))
    assert send(receiver_port, chest.with_name("report.dcm"), chest).returncode == 0
    assert Instance.objects.count() == 1
    assert str(Instance.objects.get().sop_class_uid) == str(ComputedRadiographyImageStorage)


def test_strangers_are_kept_out(receiver_port: int, modality: Peer, chest: Path) -> None:
    assert "Calling AE Title Not Recognized" in send(receiver_port, chest, title="SOMEBODY").stderr
    Peer.objects.update(address="192.0.2.1")
    assert send(receiver_port, chest).returncode != 0
    assert not Instance.objects.exists()


def test_an_address_without_a_peer_is_hung_up_on(receiver_port: int, chest: Path) -> None:
    answer = send(receiver_port, chest)
    assert answer.returncode != 0
    assert "Not Recognized" not in answer.stderr


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left"), OperationalError("gone away")])
def test_it_is_to_be_sent_again(
    fault: Exception, receiver_port: int, modality: Peer, chest: Path, settings: Settings, monkeypatch: Any
) -> None:
    """The disk is full, or the database away: the peer is told so, and nothing is left that has a name."""
    name = "inbox_write" if isinstance(fault, OSError) else "instance_received"

    def fail(*_args: Any, **_values: Any) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(receiving, name, fail)
        answer = send(receiver_port, chest, options=("-v",))
        assert "OutOfResources" in answer.stdout + answer.stderr
        assert not Instance.objects.exists()
    assert send(receiver_port, chest).returncode == 0
    assert stored_in(settings.PACS_INBOX) == [".dcm"]


def test_too_long_a_data_set_is_not_kept(receiver_port: int, modality: Peer, chest: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("pacs.storage_scp.MAX_RECEIVED_BYTES", 100_000)
    assert send(receiver_port, chest).returncode == 0
    row = Instance.objects.get()
    assert (row.state, row.reason, row.file) == ("refused", "too-large", "")
    assert row.why == "This file is larger than 50 MB. Export it smaller or compressed, then upload it."


def test_what_a_killed_receiver_left_is_swept(settings: Settings, db: None) -> None:
    settings.PACS_INBOX.mkdir()
    for name in ("a" * 32 + ".part", "b" * 32 + ".dcm", "worker.lock"):
        (settings.PACS_INBOX / name).write_bytes(b"x")
    assert inbox_sweep(files_in_use()) == 0
    assert inbox_sweep(files_in_use(), older_than=-1) == 2
    assert stored_in(settings.PACS_INBOX) == [".lock"]


def test_mutual_tls(certificates: Path, receiver_port: int, modality: Peer, chest: Path) -> None:
    """Neither a plain connection nor a certificate of another authority is let in."""

    def sent_as(name: str) -> int:
        files = [str(certificates / f"{name}.key"), str(certificates / f"{name}.crt")]
        return send(receiver_port, chest, options=("+tls", *files, "+cf", str(certificates / "ca.crt"))).returncode

    assert send(receiver_port, chest).returncode != 0
    assert sent_as("stranger") != 0
    assert not Instance.objects.exists()
    assert sent_as("xray") == 0
    assert Instance.objects.count() == 1
