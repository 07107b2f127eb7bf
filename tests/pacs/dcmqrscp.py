"""A second PACS: dcmtk's dcmqrscp, which knows C-FIND and C-MOVE and no DICOMweb."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.pacs.orthanc import free_port, needed

CONFIGURATION = """
NetworkTCPPort = {port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
site = (COVIDXRAY, 127.0.0.1, {receiver_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
SECOND {folder} RW (200, 1024mb) ANY
AETable END
"""


@contextmanager
def running_dcmqrscp(folder: Path, receiver_port: int) -> Iterator[int]:
    """Its port."""
    needed("dcmqrscp")
    port = free_port()
    (folder / "db").mkdir(parents=True)
    values = {"port": port, "receiver_port": receiver_port, "folder": folder / "db"}
    (folder / "dcmqrscp.cfg").write_text(CONFIGURATION.format(**values))
    with (folder / "dcmqrscp.log").open("wb") as log:
        command = ["dcmqrscp", "-c", "dcmqrscp.cfg", str(port)]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait(30)


def wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("dcmqrscp does not listen")
