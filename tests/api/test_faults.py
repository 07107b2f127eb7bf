"""Faults of the machine, and unreadable requests: JSON in the words of the pages, and nothing is stored."""

import errno
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client

from diagnosis.models import Study
from tests.api.programs import RESULTS, post, send, sign_in
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, stored_files


@pytest.mark.django_db(transaction=True)
def test_the_database_is_away_and_comes_back(program: Client) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("server has gone away")

    with connection.execute_wrapper(fail):
        answers = [program.get(RESULTS), send(program, radiograph_png()), sign_in()]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "unavailable")] * 3
    assert {answer["Retry-After"] for answer in answers} == {"30"}
    assert program.get(RESULTS).status_code == 200


@pytest.mark.parametrize(
    ("number", "status", "code"), [(errno.ENOSPC, 507, "storage-full"), (errno.EACCES, 503, "unavailable")]
)
def test_a_storage_that_takes_nothing(
    program: Client, media_root: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int, code: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "Canary")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._save", fail)
    answer = send(program, radiograph_png())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "Canary" not in answer.content.decode()
    assert (Study.objects.count(), stored_files(media_root)) == (0, [])


def test_an_engine_fault_gives_no_details(program: Client, engine: ToyEngine) -> None:
    engine.fault = ValueError("Canary")
    answer = send(program, radiograph_png())
    assert "Canary" not in answer.content.decode()
    assert answer.json()["code"]
    engine.fault = None
    assert send(program, radiograph_png()).status_code == 201


def test_another_host_name_is_refused_in_json(db: None) -> None:
    answer = post(Client(headers={"host": "evil.example"}), "/api/sign-in/")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse-error")


def test_too_many_fields_are_refused_in_json(program: Client) -> None:
    answer = send(program, radiograph_png(), **{f"field{number}": "x" for number in range(1100)})
    assert (answer.status_code, answer.json()["code"]) == (400, "parse-error")
    assert Study.objects.count() == 0


@pytest.mark.parametrize("address", [RESULTS, "/api/nothing/", "/api/docs/"])
def test_no_answer_is_framed_sniffed_or_kept(program: Client, address: str) -> None:
    answer = program.get(address)
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert answer["Cache-Control"] == "private, no-store"
    assert "unsafe" not in answer["Content-Security-Policy"]
