"""rsyslog as a hospital's collector of audit messages: syslog over TLS, with or without certificates of clients."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from scripts.stack import free_port, until
from tests.certificates import Authority
from tests.slapd import tool

CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off"
    defaultNetstreamDriverCAFile="{authority}" defaultNetstreamDriverCertFile="{certificate}"
    defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="{mode}")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="raw" type="string" string="%rawmsg%\\n")
*.* action(type="omfile" file="{messages}" template="raw")
"""
ANYONE, CERTIFIED = "anon", "x509/certvalid"
HEAD = re.compile(r"^<85>1 \S+Z \S+ covidxray \d+ DICOM\+RFC3881 - \ufeff(<\?xml .*)$")


class Rsyslog:
    def __init__(self, folder: Path, mode: str) -> None:
        self.authority = Authority(folder)
        self.port, self.messages = free_port(), folder / "messages"
        certificate, key = self.authority.issue("collector")
        self.client = self.authority.issue("client")
        self._folder, self._program = folder, tool("rsyslogd")
        values = {"folder": folder, "certificate": certificate, "key": key, "mode": mode, "port": self.port}
        values |= {"authority": self.authority.certificate, "messages": self.messages}
        (folder / "rsyslog.conf").write_text(CONFIGURATION.format(**values))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._program, "-n", "-f", str(self._folder / "rsyslog.conf"), "-i", str(self._folder / "pid")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(self._listens, "rsyslogd")

    def _listens(self) -> bool:
        local = [f"0100007F:{self.port:04X}", "00000000:0000", "0A"]
        return any(line.split()[1:4] == local for line in Path("/proc/net/tcp").read_text().splitlines()[1:])

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def received(self) -> list[Element]:
        """The audit messages, each with a right head."""
        lines = self.messages.read_text(encoding="utf-8").splitlines() if self.messages.exists() else []
        found = [HEAD.match(line) for line in lines if "covidxray" in line]
        assert all(found), lines
        return [fromstring(match.group(1)) for match in found if match]  # noqa: S314 - written by the site itself


@pytest.fixture
def rsyslog(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rsyslog]:
    (tmp_path / "rsyslog").mkdir()
    server = Rsyslog(tmp_path / "rsyslog", getattr(request, "param", CERTIFIED))
    server.start()
    yield server
    server.stop()
