"""The example of docs/api.md, run as somebody copies it, against a live server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiToken, User
from diagnosis.models import Study
from tests.cast import PASSWORD
from tests.toy import ToyEngine
from tests.uploads import radiograph_png


@pytest.fixture
def example(project: Path, tmp_path: Path) -> Path:
    """The one program of the document."""
    (text,) = re.findall(r"^```python\n(.*?)^```", (project / "docs/api.md").read_text(encoding="utf-8"), re.M | re.S)
    path = tmp_path / "example.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_uploads_tells_the_answer_and_signs_out(
    example: Path, tmp_path: Path, live_server: LiveServer, alice: User, engine: ToyEngine
) -> None:
    (tmp_path / "chest.png").write_bytes(radiograph_png())
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    environment = os.environ | {
        "COVIDXRAY_SITE": live_server.url,
        "COVIDXRAY_USER": "alice",
        "COVIDXRAY_PASSWORD": PASSWORD,
        "NO_PROXY": "*",
    }
    run = subprocess.run(
        [sys.executable, example, "chest.png", "letter.pdf"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    chest, letter = run.stdout.splitlines()
    assert "'prediction': 'Positive'" in chest
    assert "This is a PDF file" in letter
    assert (Study.objects.get().projection, ApiToken.objects.count()) == ("PA", 0)


def test_it_is_about_twenty_lines_long(example: Path) -> None:
    assert len(example.read_text(encoding="utf-8").splitlines()) <= 25
