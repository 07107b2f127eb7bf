"""Files and the rows that name them: all or nothing, also where it is unknown whether a transaction has ended."""

from pathlib import Path

import pytest
from django.db import OperationalError, connection

from accounts.models import User
from diagnosis.models import Study
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, upload


@pytest.mark.django_db(transaction=True)
def test_a_lost_commit_answer_keeps_files(alice: User, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, client = getattr(connection, "_commit"), client_of(alice)  # noqa: B009  Django's types do not have it

    def commit_and_lose_the_answer() -> None:
        commit()
        if Study.objects.exists():
            raise OperationalError("lost connection to the server during query")

    monkeypatch.setattr(connection, "_commit", commit_and_lose_the_answer)
    assert upload(client, radiograph_png()).status_code == 503
    monkeypatch.undo()
    study = Study.objects.get()
    assert Path(study.original.path).read_bytes() == radiograph_png()
    assert upload(client, radiograph_png()).status_code == 302
    assert Study.objects.count() == 1
