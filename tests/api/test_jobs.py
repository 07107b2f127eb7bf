"""Jobs by program: started, watched, stopped, gone on, read, deleted; and no one else's."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from jobs.models import Job
from tests.api.programs import post, program_of
from tests.jobs.made import chests, worked_off, zipped
from tests.toy import ToyEngine

JOBS = "/api/jobs/"


def started(program: Client, **sent: object):
    file = SimpleUploadedFile("ward.zip", zipped({**chests(2), "a.txt": b"no radiograph"}).read())
    return program.post(JOBS, {"source": "zip", "file": file, "name": "Ward 3", **sent})


def test_from_start_to_end(program: Client, bob: User, engine: ToyEngine) -> None:
    answer = started(program)
    assert (answer.status_code, answer.json()["state"]) == (201, "listing")
    address = f"{JOBS}{answer.json()['uuid']}/"
    assert program.delete(address).status_code == 409
    assert post(program, f"{address}stop/").json()["state"] == "stopped"
    assert post(program, f"{address}go-on/").json()["state"] == "listing"
    worked_off(Job.objects.get())
    found = program.get(address).json()
    assert [found[name] for name in ("state", "radiographs", "done", "failed")] == ["done", 3, 3, 1]
    lines = program.get(f"{address}items/").getvalue().splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == ["Positive", "Positive", None]
    assert post(program, f"{address}retry/").json()["state"] == "running"
    for path in ("", "items/"):
        assert program_of(bob).get(f"{address}{path}").status_code == 404
    assert program_of(bob).get(JOBS).json() == {"jobs": []}
    worked_off(Job.objects.get())
    assert program.delete(address).status_code == 204
    assert program.get(JOBS).json() == {"jobs": []}


@pytest.mark.parametrize("source", ["folder", "archive", "comparison", ""])
def test_a_source_that_is_not_here(program: Client, source: str) -> None:
    answer = started(program, source=source)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
