"""The site as on a server, in an empty folder: started by deploy/run-local, then filled, then read out."""

import json
from typing import Any

from bench.load.findings import StoredRow
from scripts.stack import Stack

PEOPLE = """
from accounts.models import Institution, User
place = Institution.objects.create(name="Load")
for number in range({number}):
    name = f"load-{{number:02}}"
    User.objects.create_user(name, name + "@example.org", {password!r}, institution=place, is_radiographer=True)
"""
ROWS = """
import hashlib, json
from diagnosis.models import Diagnosis
for row in Diagnosis.objects.select_related("study").iterator():
    with row.study.original.open("rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    print(json.dumps([str(row.uuid), row.study.sha256, sha256, row.probability]))
"""
CAPACITY = """
import json
from django.conf import settings
from django.db import connection
print(json.dumps([connection.display_name, settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING]))
"""


def shell(site: Stack, code: str) -> str:
    return site.manage("shell", "--verbosity", "0", "-c", code)


def people(site: Stack, number: int) -> list[dict[str, str]]:
    """This many radiographers, each signed in twice over: the cookies of a browser, and the token of its forms."""
    shell(site, PEOPLE.format(number=number, password=site.password))
    return [_signed_in(site, f"load-{one:02}") for one in range(number)]


def _signed_in(site: Stack, name: str) -> dict[str, str]:
    cookies = site.signed_in(name).cookies
    cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
    return {"cookie": cookie, "token": cookies["csrftoken"] or ""}


HELD = "from diagnosis.models import UploadRecord as U; print(U.objects.exclude(held='').count())"


def stored_rows(site: Stack) -> list[StoredRow]:
    """Every answer that is stored. Raises RuntimeError where a row's file is missing."""
    return [StoredRow(*json.loads(line)) for line in shell(site, ROWS).splitlines()]


def stored_files(site: Stack) -> int:
    """Uploaded radiographs in the storage, whether or not a row names them, but refused ones that are held."""
    files = sum(1 for path in (site.folder / "media").rglob("original") if path.is_file())
    return files - int(shell(site, HELD))


def capacity(site: Stack) -> dict[str, Any]:
    found = dict(zip(("database", "at_once", "waiting"), json.loads(shell(site, CAPACITY)), strict=True))
    return found | {"workers": len(site.workers())}
