"""The queue (Celery with Redis), where there is one: a message carries the number of an item, and nothing else.

The database is the truth. A message that is lost is sent again, one that comes twice does nothing: so nothing here has
to be reliable. Only `run_jobs` sends: the site itself never waits for Redis.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from jobs.models import Item, Job
from jobs.work import item_run

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

TASK, QUEUE = "jobs.item", "jobs"
MOST_QUEUED = 200
"""Messages that wait: few, so that a job that is stopped stops at once, and each job has its share."""
LOST_AFTER = timedelta(seconds=15)
"""A message that nobody has taken up while the queue is empty was lost."""
LONGEST_TASK_SECONDS = 3600


@cache
def celery_app() -> Celery:
    """The application of Celery with the one task that there is."""
    from celery import Celery

    app = Celery("covidxray", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        # Loading the model takes longer than Celery's own 4 seconds, and it would kill the process again and again.
        worker_proc_alive_timeout=90,
        worker_hijack_root_logger=False,
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": LONGEST_TASK_SECONDS,
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
        },
    )
    app.task(name=TASK, bind=True)(run_item)
    return app


def run_item(task: Any, pk: int) -> None:
    """The task. A message that comes again because its process died takes its own lease over."""
    item_run(pk, worker=f"celery:{task.request.id}"[:64], takes_over=True)


def send_due() -> bool:
    """Fill the queue with what is due, a share of each job; whether there was anything to send."""
    from kombu.exceptions import KombuError
    from redis.exceptions import RedisError

    try:
        with celery_app().connection_for_write() as connection:
            waiting = _messages(connection)
            items = _due(MOST_QUEUED - waiting, is_empty=waiting == 0)
            Item.objects.filter(pk__in=items).update(queued=timezone.now())
            with connection.Producer() as producer:
                for pk in items:
                    celery_app().send_task(TASK, args=[pk], producer=producer, retry=False)
    except (KombuError, RedisError, OSError) as error:
        logger.warning("the queue cannot be reached: %s", type(error).__name__)
        return False
    return bool(items)


def _messages(connection: Any) -> int:
    """How many wait in the queue; an empty one is not there in Redis."""
    try:
        return int(connection.default_channel.queue_declare(QUEUE, passive=True).message_count)
    except connection.channel_errors:
        return 0


def _due(room: int, *, is_empty: bool) -> list[int]:
    """Numbers of items that no message is about, as many of each running job."""
    now = timezone.now()
    unsent = Q(queued=None) | Q(queued__lt=now - LOST_AFTER) if is_empty else Q(queued=None)
    jobs = list(Job.objects.running().values_list("pk", flat=True))
    share = max(room // len(jobs), 1) if jobs and room > 0 else 0
    found: list[int] = []
    for job in jobs:
        found += Item.objects.filter(unsent, job=job).due(now).values_list("pk", flat=True)[:share]
    return found
