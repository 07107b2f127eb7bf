"""CSV lines that no spreadsheet program takes for a formula."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone

_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the full-width ones for the same
_SKIPPED = ("Zs", "Zl", "Zp", "Cf", "Cc", "Mn", "Me")  # kinds of spaces, of invisible characters, and marks
# Spreadsheets take a file without this mark for one in the computer's own encoding.
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Line:
    """What the csv module writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def safe_lines(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Any table as the lines of a file that a spreadsheet reads as text and numbers, in the zone of the request."""
    return _lines(heading, rows, timezone.get_current_timezone())


def _lines(heading: Iterable[str], rows: Iterable[Iterable[object]], zone: tzinfo) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield _BYTE_ORDER_MARK + writer.writerow(heading)
    for row in rows:
        yield writer.writerow([_cell(value, zone) for value in row])


def _cell(value: object, zone: tzinfo) -> Any:
    """Text that a spreadsheet would calculate gets an apostrophe before it (OWASP, CSV injection)."""
    if isinstance(value, datetime):
        return timezone.localtime(value, zone).isoformat(timespec="seconds")
    if isinstance(value, str) and _from_first_visible(value).startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _from_first_visible(text: str) -> str:
    """Without the spaces and invisible characters at its beginning, which spreadsheets skip; tabs and lines count."""
    for place, character in enumerate(text):
        if character in "\t\r\n" or unicodedata.category(character) not in _SKIPPED:
            return text[place:]
    return ""
