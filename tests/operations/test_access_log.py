"""What gunicorn's logs may hold of an address."""

import logging

import pytest
from gunicorn.config import Config

from operations.access_log import JsonLogger, shown_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/results/", "/results/"),
        ("/accounts/invitation/MQ/canary-key/", "/accounts/invitation/…"),
        ("/accounts/forgotten/MQ/canary-key/", "/accounts/forgotten/…"),
        ("/accounts/forgotten/sent/", "/accounts/forgotten/sent/"),
    ],
)
def test_the_key_of_a_link_is_left_out(path: str, shown: str) -> None:
    assert shown_path(path) == shown


def test_an_error_omits_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    log = JsonLogger(Config())
    try:
        raise RuntimeError("canary in the message")
    except RuntimeError:
        log.exception("Error handling request %s", "/results/?q=canary")
    finally:
        logging.getLogger("gunicorn.error").handlers.clear()
    said = capsys.readouterr().err
    assert "Error handling request /results/" in said
    assert "canary" not in said
