"""The entry point for a WSGI server: ``gunicorn covidxray.wsgi``."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")

_site = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's answer; to HEAD without its body, which Django leaves to the server, and gunicorn warns of."""
    answer: Any = _site(environ, start_response)
    if environ["REQUEST_METHOD"] == "HEAD":
        answer.close()
        return ()
    return answer
