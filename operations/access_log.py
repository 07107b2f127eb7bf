"""gunicorn's logs as one JSON record per line, without patient data and without secrets of links."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from operations.logs import JsonFormatter

# What follows is a key to an account: a reader of the log must not be able to use it.
_LINK = re.compile(r"^(/accounts/(?:invitation|forgotten)/).+/.+")


class JsonLogger(Logger):
    """Records method and path of a request, never what follows the `?`: searches hold patients' names."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        headers = {name.lower(): value for name, value in resp.headers}
        record = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "logger": "gunicorn.access",
            "request": headers.get("x-request-id", ""),
            "method": environ.get("REQUEST_METHOD"),
            "path": shown_path(environ.get("PATH_INFO", "")),
            "status": resp.status_code,
            "bytes": resp.sent,
            "seconds": round(request_time.total_seconds(), 3),
        }
        self.access_log.info("%s", json.dumps(record))

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """gunicorn names the whole address of the request in which something failed."""
        super().exception(msg, *(str(value).split("?")[0] for value in args), **kwargs)


def shown_path(path: str) -> str:
    """The path as a log may have it."""
    return _LINK.sub(r"\1…", path)
