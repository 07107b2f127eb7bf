"""A real Orthanc with DICOMweb on loopback, in a folder of its own, with nothing allowed but what the tests need."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, WORD = "archive", "let-me-in"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def needed(*names: str) -> None:
    """Skip where a program is missing, except under `make test`."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [name for name in names if not (shutil.which(name, path=path) or Path(name).exists())]
    if missing:
        message = f"missing: {', '.join(missing)} (scripts/ensure-pacs-tools)"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(message)


@dataclass
class Orthanc:
    """One that runs; `kill` and `start` again as often as wanted: its storage stays."""

    folder: Path
    receiver_port: int
    port: int = field(default_factory=free_port)
    dicom_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    certificates: Path | None = None
    """A folder with ca.crt, xray.crt and xray.key: then its DICOM is mutual TLS."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dicomweb_url(self) -> str:
        return f"{self.url}/dicom-web"

    def start(self) -> None:
        (self.folder / "orthanc.json").write_text(json.dumps(self._configuration()))
        with (self.folder / "orthanc.log").open("ab") as log:
            command = [shutil.which("Orthanc", path="/usr/sbin:/usr/bin") or "Orthanc", "orthanc.json"]
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if self.get("/system"):
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError((self.folder / "orthanc.log").read_text()[-2000:])

    def _configuration(self) -> dict[str, Any]:
        every = {f"Allow{name}": True for name in ("Echo", "Find", "Move", "Store", "Get")}
        return {
            "Name": "tests",
            "DefaultEncoding": "Utf8",
            "StorageDirectory": "storage",
            "IndexDirectory": "storage",
            "HttpPort": self.port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: WORD},
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom_port,
            "DicomCheckModalityHost": True,
            **{f"DicomAlwaysAllow{name}": False for name in ("Echo", "Find", "Move", "Store", "Get")},
            "DicomModalities": {
                "site": {
                    "AET": "COVIDXRAY",
                    "Host": "127.0.0.1",
                    "Port": self.receiver_port,
                    "UseDicomTls": bool(self.certificates),
                    **every,
                }
            },
            **self._tls(),
            "OverwriteInstances": False,
            "StableAge": 5,
            "ConcurrentJobs": 1,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    def _tls(self) -> dict[str, Any]:
        if not self.certificates:
            return {}
        return {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(self.certificates / "xray.crt"),
            "DicomTlsPrivateKey": str(self.certificates / "xray.key"),
            "DicomTlsTrustedCertificates": str(self.certificates / "ca.crt"),
        }

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, auth=(USER, WORD), timeout=10)
        answer.raise_for_status()
        return answer.json()

    def modalities(self) -> list[str]:
        """Of every object in its only study."""
        (study,) = self.get("/studies")
        series = self.get(f"/studies/{study}/series")
        return [each["MainDicomTags"]["Modality"] for each in series for _ in each["Instances"]]

    def reports(self) -> int:
        """How many structured reports it holds."""
        asked: dict[str, Any] = {"Level": "Instance", "Query": {"Modality": "SR"}}
        answer = requests.post(f"{self.url}/tools/find", json=asked, auth=(USER, WORD), timeout=60)
        answer.raise_for_status()
        return len(answer.json())

    def keep(self, content: bytes) -> None:
        """Store a file in it."""
        answer = requests.post(f"{self.url}/instances", content, auth=(USER, WORD), timeout=60)
        answer.raise_for_status()

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None


@contextmanager
def running_orthanc(folder: Path, *, receiver_port: int = 11112, certificates: Path | None = None) -> Iterator[Orthanc]:
    needed("Orthanc", str(PLUGIN))
    folder.mkdir(parents=True, exist_ok=True)
    orthanc = Orthanc(folder, receiver_port, certificates=certificates)
    orthanc.start()
    try:
        yield orthanc
    finally:
        orthanc.kill()
