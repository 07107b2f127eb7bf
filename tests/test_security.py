"""SECURITY.md says which test proves which case: each case has one, and the tests exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / "SECURITY.md").read_text(encoding="utf-8")
TABLES = PAGE[PAGE.index("### Files") : PAGE.index("## What is not defended")]
CASES = re.findall(r"^\| (?!case |---)(.+?) \| (.+) \|$", TABLES, flags=re.MULTILINE)


def named_in(tests: str) -> list[tuple[str, str]]:
    """(file, function) of a cell; a function without a file is in the file before it."""
    named, file = [], ""
    for path, function in re.findall(r"`(?:([a-z_/]+/test_[a-z_]+\.py)::)?(test_[a-z0-9_]+)`", tests):
        file = path or file
        named.append((file, function))
    return named


NAMED = sorted({named for _, tests in CASES for named in named_in(tests)})


def test_it_names_cases() -> None:
    assert len(CASES) > 60


@pytest.mark.parametrize(("case", "tests"), CASES, ids=[case for case, _ in CASES])
def test_every_case_has_a_test(case: str, tests: str) -> None:
    assert named_in(tests), case


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_it_names_exists(file: str, name: str) -> None:
    assert name in functions_of(file)
