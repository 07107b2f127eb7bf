"""How gunicorn serves the site: `gunicorn --config deploy/gunicorn.conf.py covidxray.wsgi`, from the project's folder.

Everything that one may want to change is a setting of the site (docs/deployment.md): BIND, WORKERS,
CLASSIFICATIONS_AT_ONCE, CLASSIFICATIONS_WAITING, JOBS_WORKERS.

There is no --preload: each process loads its model after the fork, because threads of an inference engine that were
started before one do not exist in the child. A process does not end after a number of requests (max_requests): it would
take a loaded model with it.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from covidxray.environment import Environment  # noqa: E402
from operations.capacity import capacity_for, memory_bytes, processors  # noqa: E402
from operations.metrics.processes import VARIABLE, folder_emptied, folder_for, process_ended  # noqa: E402

_env = Environment()
try:
    _env.read_settings(PROJECT / ".env")
    _capacity = capacity_for(
        processors(),
        memory_bytes(),
        workers=_env.number("WORKERS", default=0),
        at_once=_env.number("CLASSIFICATIONS_AT_ONCE", default=0),
        waiting=_env.number("CLASSIFICATIONS_WAITING", default=16),
        jobs=_env.number("JOBS_WORKERS", default=1),
    )
except ImproperlyConfigured as _error:
    sys.exit(f"The configuration is incomplete: {_error}")

chdir = str(PROJECT)
bind = _env.str("BIND", default="unix:/run/covidxray/gunicorn.sock")
umask = 0o007  # of the socket: the site's user and nginx's group

worker_class = "operations.connections.PatientWorker"  # gthread, which slow clients cannot fill
workers = _capacity.workers
threads = _capacity.threads
raw_env = [f"CLASSIFICATIONS_AT_ONCE={_capacity.at_once}"]
_metrics = folder_for(bind) if _env.str("METRICS_TOKEN", default="") else None
if _metrics:
    raw_env.append(f"{VARIABLE}={_metrics}")
worker_tmp_dir = "/dev/shm"  # noqa: S108  its heartbeat must never wait for a disk

# Of the heartbeat of a whole process, not of a request: only one that hangs altogether is killed.
timeout = 120
# How long running requests may go on after SIGTERM. An upload waits 60 s for its turn at the most and is then
# classified. nginx waits longer (proxy_read_timeout), and so does systemd (TimeoutStopSec).
graceful_timeout = 120

# As long as nginx takes them (large_client_header_buffers).
limit_request_line = 8190
limit_request_field_size = 8190
limit_request_fields = 64

accesslog = "-"
errorlog = "-"
loglevel = "warning"
logger_class = "operations.access_log.JsonLogger"
control_socket_disable = True  # systemd is the one way to stop and start


def on_starting(server: Any) -> None:
    """Start only where everything is in order; else one sentence says what is not.

    A process of its own does it: nothing of the site is loaded, and no connection open, when the workers fork.
    """
    check = [sys.executable, str(PROJECT / "manage.py"), "check_start"]
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if status := subprocess.run(check, env=environment, cwd=PROJECT, check=False).returncode:
        sys.exit(status)
    if _metrics:
        folder_emptied(_metrics)


def child_exit(server: Any, worker: Any) -> None:
    """A process that ended, or was killed, has nothing running any more."""
    process_ended(worker.pid)
