"""Celery's entrance: `celery --app covidxray worker`. It works only where CELERY_BROKER_URL is set (docs/jobs.md)."""

import os
from typing import Any

import django
from celery.signals import worker_process_init

from covidxray.matrix_threads import one_matrix_thread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
one_matrix_thread()
django.setup()

from diagnosis.imaging import decoding  # noqa: E402
from diagnosis.inference import serving  # noqa: E402
from jobs.messages import celery_app  # noqa: E402

app = celery_app()


@worker_process_init.connect
def load_model(**_given: Any) -> None:
    """Each process loads the model before its first radiograph."""
    decoding.warm()
    serving.warm()
