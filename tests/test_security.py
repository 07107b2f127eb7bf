"""SECURITY.md names tests: they exist."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
NAMED = re.findall(r"`([a-z_]+/test_[a-z_]+\.py)(?:::(test_[a-z0-9_]+))?`", (TESTS.parent / "SECURITY.md").read_text())


def test_it_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_it_names_exists(file: str, name: str) -> None:
    assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8") if name else (TESTS / file).is_file()
