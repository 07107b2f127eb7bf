"""The application log: one JSON record per line, whatever is logged."""

import json
import logging
import sys

from django.test import Client

from operations.logs import JsonFormatter


def line_of(message: str, *args: object, error: Exception | None = None) -> str:
    exc_info = None
    if error:
        try:
            raise error
        except Exception:
            exc_info = sys.exc_info()
    return JsonFormatter().format(logging.LogRecord("site", logging.ERROR, __file__, 1, message, args, exc_info))


def test_a_record_is_one_line_of_json() -> None:
    record = json.loads(line_of("stored %s", "x"))
    assert (record["level"], record["logger"], record["message"]) == ("ERROR", "site", "stored x")


def test_a_line_break_forges_no_record() -> None:
    line = line_of("Not Found: %s", '/x\n{"level": "INFO", "message": "forged"}\r\x85\u2028')
    assert len(line.splitlines()) == 1


def test_of_an_exception_it_tells_where_and_not_what() -> None:
    line = line_of("failed", error=ValueError("patient Canary"))
    assert "Canary" not in line
    record = json.loads(line)
    assert record["error"] == "ValueError"
    assert "line_of" in record["frames"][-1]


def test_a_full_disk_is_told_by_its_number() -> None:
    assert json.loads(line_of("failed", error=OSError(28, "No space left")))["errno"] == 28


def test_every_answer_has_its_own_number(client: Client, db: None) -> None:
    numbers, lines = [], []
    handler = logging.StreamHandler()
    handler.emit = lambda record: lines.append(JsonFormatter().format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        for _ in range(2):
            numbers.append(client.get("/nothing-here", headers={"X-Request-ID": 'forged"\n'})["X-Request-ID"])
    finally:
        logger.removeHandler(handler)
    assert numbers == [json.loads(line)["request"] for line in lines]
    assert len(set(numbers)) == 2
    assert all(len(number) == 32 for number in numbers)
