"""HTTP to an archive: its user name and password, time-outs, and answers of a bounded length."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import requests
import urllib3
from django.conf import settings

from diagnosis.errors import gettext_noop
from pacs.errors import ArchiveFault, NotInArchive, archive_away
from pacs.models import Peer

CONNECT_SECONDS, READ_SECONDS = 5, 60
WHOLE_SECONDS = 180
"""For all of an answer, however it trickles in."""
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_JSON_BYTES = 8 * 1024 * 1024
"""Of lists: as objects they take ten times as much memory."""
_CHUNK = 1024 * 1024

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")


class AnswerTooLong(requests.RequestException):
    """More bytes, or seconds, than are allowed."""


class BoundedSession(requests.Session):
    """Never waits for ever, follows no redirect to another host, unpacks nothing, and reads no more than is allowed."""

    max_redirects = 0

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Wildcards are sent as they are: Orthanc 1.10 does not decode %2A, and a query may hold an asterisk."""
        kwargs.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        kwargs["stream"], kwargs["allow_redirects"] = True, False
        response = super().request(method, url.replace("%2A", "*"), *args, **kwargs)
        try:
            if response.is_redirect:
                raise requests.HTTPError(response=response)
            response._content = _bounded_body(response)
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        finally:
            response.close()
        response._content_consumed = True
        return response


def _bounded_body(response: requests.Response) -> bytes:
    most = MAX_JSON_BYTES if "json" in response.headers.get("Content-Type", "").lower() else MAX_ANSWER_BYTES
    parts, length, end = [], 0, time.monotonic() + WHOLE_SECONDS
    while part := response.raw.read1(_CHUNK, decode_content=False):  # what is packed all the same cannot be read
        length += len(part)
        if length > most or time.monotonic() > end:
            raise AnswerTooLong("the answer is too long")
        parts.append(part)
    return b"".join(parts)


def session_of(peer: Peer) -> BoundedSession:
    """A session that signs in with the credentials that the peer's row names; nothing of the machine's own is used."""
    session = BoundedSession()
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    session.verify = settings.PACS_CA_FILE or True
    if peer.credentials:
        name, _colon, password = settings.PACS_CREDENTIALS.get(peer.credentials, "").partition(":")
        session.auth = (name, password)
    return session


_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, AssertionError)
"""What JSON and DICOM that are none make of their readers: RecursionError and NotImplementedError among them."""


def asking(ask: Callable[Parameters, Found]) -> Callable[Parameters, Found]:
    """What goes wrong on the way is an ArchiveFault, whose sentence holds no address and no password."""

    @wraps(ask)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Found:
        try:
            return ask(*args, **kwargs)
        except requests.HTTPError as error:
            raise _refused(error.response.status_code if error.response is not None else 0) from error
        except (requests.RequestException, OSError) as error:
            raise archive_away() from error
        except _UNREADABLE as error:
            raise ArchiveFault(
                gettext_noop("The archive answered something that cannot be read."), code="archive-unreadable"
            ) from error

    return checked


def _refused(status: int) -> ArchiveFault:
    if status == 404:
        return NotInArchive(gettext_noop("The archive does not have it any more."))
    if status in (401, 403):
        return credentials_refused()
    return ArchiveFault(gettext_noop("The archive answered with the error %(status)d."), status=status)


def credentials_refused() -> ArchiveFault:
    return ArchiveFault(gettext_noop("The archive refused the user name or the password."), code="archive-credentials")
