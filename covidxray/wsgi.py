"""The entry point for a WSGI server: ``gunicorn covidxray.wsgi``."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from covidxray.matrix_threads import one_matrix_thread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
one_matrix_thread()

_site = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's answer; to HEAD without its body, which Django leaves to the server, and gunicorn warns of."""
    answer: Any = _site(environ, start_response)
    if environ["REQUEST_METHOD"] == "HEAD":
        answer.close()
        return ()
    return answer
