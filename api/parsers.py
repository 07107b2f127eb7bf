"""JSON of a request: how large its body may be, how deeply nested, and that text which is no JSON is a 400."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from api.errors import Problem

MAX_JSON_BYTES = 100 * 1024
"""The longest text that a form takes, each character written as an escape, is half of this."""


class BoundedJsonParser(JSONParser):
    """Django REST framework's own, which reads a body of any size and takes one nested too deeply for a fault."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_JSON_BYTES + 1)
        if len(body) > MAX_JSON_BYTES:
            sentence = _("A JSON body may hold %(kilobytes)d kB.") % {"kilobytes": MAX_JSON_BYTES // 1024}
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", sentence)
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError from None
