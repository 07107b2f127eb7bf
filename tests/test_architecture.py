"""What import-linter cannot see: what a running process has loaded, and how long files are."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = (
    "accounts",
    "administration",
    "api",
    "attempts",
    "audit",
    "backup",
    "bench",
    "covidxray",
    "diagnosis",
    "jobs",
    "operations",
    "pacs",
    "scripts",
    "tests",
    "training",
)
LONGEST_FILE = 400


def source_files(room: str) -> list[Path]:
    return sorted((PROJECT / room).rglob("*.py"))


def test_the_site_never_loads_tensorflow() -> None:
    site = (
        "import sys, covidxray.wsgi, django.urls\n"
        "django.urls.get_resolver().url_patterns\n"
        "import diagnosis.inference.serving, diagnosis.uploads.services, diagnosis.results.views\n"
        "unwanted = ('tensorflow.', 'keras.', 'training.')\n"
        "print(*sorted(name for name in sys.modules if name.startswith(unwanted) and name != 'training.apps'))"
    )
    result = subprocess.run([sys.executable, "-c", site], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.split()) == (0, []), result.stderr


@pytest.mark.parametrize("folder", ROOMS)
def test_files_are_short_enough_to_read(folder: str) -> None:
    too_long = {
        f"{file.relative_to(PROJECT)}: {lines} lines"
        for file in source_files(folder)
        if "migrations" not in file.parts
        and (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not too_long
