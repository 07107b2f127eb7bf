"""OpenLDAP's server as a hospital's directory, with StartTLS and a certificate authority of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.stack import free_port, until
from tests.certificates import Authority

BASE = "dc=hospital,dc=example"
PASSWORD = "the-password-in-the-directory"
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security simple_bind=128
database mdb
directory {folder}/data
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw {password}
access to attrs=userPassword by anonymous auth
access to * by * read
"""
PERSON = """
dn: uid={uid},ou=people,{base}
objectClass: inetOrgPerson
uid: {uid}
cn: {uid}
sn: Nowak
givenName: {given}
mail: {uid}@hospital.example
o: {hospital}
userPassword: {password}
"""
GROUP = """
dn: cn={name},ou=groups,{base}
objectClass: groupOfNames
cn: {name}
member: uid={member},ou=people,{base}
"""


def entries() -> str:
    top = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: hospital\no: Hospital\n"
    units = "".join(
        f"\ndn: ou={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}\n" for unit in ("people", "groups")
    )
    people = {"lena": "St. Anna", "igor": "St. Anna", "gast": "St. Anna", "fern": "Nowhere"}
    persons = "".join(
        PERSON.format(uid=uid, given=uid.title(), hospital=hospital, base=BASE, password=PASSWORD)
        for uid, hospital in people.items()
    )
    groups = GROUP.format(name="radiology", member="lena", base=BASE).rstrip("\n")
    groups += f"\nmember: uid=fern,ou=people,{BASE}\n" + GROUP.format(name="it", member="igor", base=BASE)
    return top + units + persons + groups


@dataclass(frozen=True)
class Directory:
    address: str
    authority: Path
    process: "subprocess.Popen[bytes]"

    @property
    def environment(self) -> dict[str, str]:
        """The settings as somebody writes them into the site's file."""
        return {
            "LDAP_SERVER": self.address,
            "LDAP_CA_FILE": str(self.authority),
            "LDAP_BIND_DN": f"cn=admin,{BASE}",
            "LDAP_BIND_PASSWORD": PASSWORD,
            "LDAP_PEOPLE": f"ou=people,{BASE}",
            "LDAP_GROUPS": f"ou=groups,{BASE}",
            "LDAP_RADIOGRAPHER_GROUP": f"cn=Radiology,ou=groups,{BASE}",
            "LDAP_ADMINISTRATOR_GROUP": f"cn=it,ou=groups,{BASE}",
            "LDAP_INSTITUTION_ATTRIBUTE": "o",
        }


def tool(name: str) -> str:
    """Its path; the test is skipped without it, but under `make test-identity`."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        message = f"{name} is not installed"
        if os.environ.get("REQUIRE_IDENTITY"):
            pytest.fail(message)
        pytest.skip(message)
    return str(found)


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    server, folder = tool("slapd"), tmp_path_factory.mktemp("slapd")
    authority = Authority(folder)
    certificate, key = authority.issue("localhost")
    (folder / "data").mkdir()
    values = {"folder": folder, "certificate": certificate, "key": key, "base": BASE, "password": PASSWORD}
    (folder / "slapd.conf").write_text(CONFIGURATION.format(**values))
    (folder / "people.ldif").write_text(entries())
    configured = ["-f", str(folder / "slapd.conf")]
    subprocess.run([tool("slapadd"), *configured, "-l", str(folder / "people.ldif")], check=True, capture_output=True)
    address = f"ldap://127.0.0.1:{free_port()}"  # libldap takes localhost for the machine's name
    process = subprocess.Popen([server, "-d", "0", *configured, "-h", address], stderr=subprocess.DEVNULL)
    until(lambda: (folder / "slapd.pid").exists() or process.poll() is not None, "slapd")
    assert process.poll() is None
    yield Directory(address, authority.certificate, process)
    process.terminate()
    process.wait()
