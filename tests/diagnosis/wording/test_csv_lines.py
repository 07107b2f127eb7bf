"""Cells that a spreadsheet would calculate, whatever invisible comes before the sign."""

import csv

import pytest

from diagnosis.wording.csv_lines import safe_lines

SIGNS = "=+-@＝＋－＠"  # noqa: RUF001
BEFORE = [
    "",
    "   ",
    "\N{NO-BREAK SPACE}",
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    "\N{LEFT-TO-RIGHT MARK}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{SOFT HYPHEN}",
    "\N{IDEOGRAPHIC SPACE}",
    "\N{LINE SEPARATOR}",
    "\N{COMBINING GRAPHEME JOINER}",
    "\0",
    "\v",
    " \N{WORD JOINER}\N{THIN SPACE}",
]


def cell(value: object) -> str:
    _heading, line = safe_lines(["name"], [[value]])
    return next(csv.reader([line]))[0]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("sign", SIGNS)
def test_a_formula_gets_an_apostrophe(before: str, sign: str) -> None:
    assert cell(f"{before}{sign}1+1").startswith("'")


@pytest.mark.parametrize("text", ["Doe Jane", "\N{NO-BREAK SPACE}Doe", "שלום", "", "   ", "a=b"])
def test_a_name_stays_as_it_is(text: str) -> None:
    assert cell(text) == text
