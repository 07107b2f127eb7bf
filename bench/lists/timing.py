"""Times lists and statistics as a signed-in person gets them, over the rows that `python -m bench.lists seed` made.

Each address is asked for through the whole site (middleware, session, template), without the network. `make bench` does
the same on a database of its own.
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.api_tokens import KEYWORD, token_create
from accounts.models import ApiToken, User
from bench.lists.invented_results import USERNAMES
from diagnosis.models import Diagnosis
from diagnosis.models.ordering import OLDEST_FIRST

ORDERS = ("newest", "oldest", "highest", "lowest")


class Command(BaseCommand):
    help = "Time lists and statistics, each search, filter and order, over the rows of `python -m bench.lists seed`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repeat", type=int, default=5, help="take the median of this many (%(default)s)")

    def handle(self, *args: Any, repeat: int, **options: Any) -> None:
        client, addresses = invented_client(), timed_addresses()
        self.stdout.write(f"{'':48} {'clock ms':>9} {'CPU ms':>7} queries    kB")
        for name, address in addresses.items():
            self.stdout.write(f"{name:48} {timed(client, address, repeat)}")
        client.logout()
        ApiToken.objects.filter(person__username_key=USERNAMES[0]).delete()


@dataclass(frozen=True)
class Timing:
    """One address asked for several times: seconds by the clock and of this process; queries and size of an answer."""

    clock: list[float]
    processor: list[float]
    queries: int
    size: int

    def __str__(self) -> str:
        clock, processor = median(self.clock) * 1000, median(self.processor) * 1000
        return f"{clock:9.0f} {processor:7.0f} {self.queries:7} {self.size / 1000:5.0f}"


def invented_client() -> Client:
    """A browser in which one of the invented people is signed in, on the pages and in the API.

    Raises CommandError where there are none.
    """
    user = User.objects.filter(username_key=USERNAMES[0]).first()
    if user is None:
        raise CommandError("There are no invented results. Make some with `python -m bench.lists seed 100000`.")
    host = next(iter(settings.ALLOWED_HOSTS), "localhost").lstrip(".").replace("*", "localhost")
    key, _token = token_create(person=user, has_second_factor=False)
    client = Client(SERVER_NAME=host, headers={"authorization": f"{KEYWORD} {key}"})
    client.force_login(user)
    return client


def timed_addresses() -> dict[str, str]:
    """Every address that is timed, by its name in the table. Raises CommandError where nothing was invented."""
    user, row = _oldest()
    middle = invented_middle()
    filters = {
        f"{name}, {order}": {**asked, "sort": order} for name, asked in _filters(user, row).items() for order in ORDERS
    }
    pages = {"a page in the middle": {"after": str(middle.uuid)}, "the page before the last": {"before": str(row.uuid)}}
    lists = {name: f"{reverse('diagnosis:results')}?{urlencode(asked)}" for name, asked in {**filters, **pages}.items()}
    return {**lists, **_api(user, row), **_patients(row), **_statistics(middle)}


def invented_middle() -> Diagnosis:
    """A result in the middle of the time over which they are spread. Raises CommandError where there are none."""
    user, row = _oldest()
    return _first_from(user, row.created + (timezone.now() - row.created) / 2) or row


def _oldest() -> tuple[User, Diagnosis]:
    """One of the invented people, and the oldest of their institution's results."""
    user = User.objects.filter(username_key=USERNAMES[0]).first()
    row = _first_from(user, None) if user else None
    if user is None or row is None:
        raise CommandError("There are no invented results. Make some with `python -m bench.lists seed 100000`.")
    return user, row


def _first_from(user: User, moment: datetime | None) -> Diagnosis | None:
    """The oldest result since then, found by the index of the list."""
    results = Diagnosis.objects.visible_to(user).kept().in_order(OLDEST_FIRST)
    since = results.filter(created__gte=moment) if moment else results
    pk = since.values_list("pk", flat=True).first()
    return Diagnosis.objects.select_related("study__patient", "model_version").get(pk=pk) if pk else None


def _api(user: User, row: Diagnosis) -> dict[str, str]:
    """The list of the API: one request for each filter, so that the limit of requests is not reached."""
    return {
        f"API list: {name}": f"{reverse('api:results')}?{urlencode(asked)}"
        for name, asked in _filters(user, row).items()
    }


def _patients(row: Diagnosis) -> dict[str, str]:
    patients = reverse("diagnosis:patients")
    return {
        "patients: the newest": patients,
        "patients: a reference": f"{patients}?{urlencode({'q': row.study.patient_reference or 'P0001'})}",
        "patients: a family name": f"{patients}?{urlencode({'q': 'nowak'})}",
    }


def _statistics(middle: Diagnosis) -> dict[str, str]:
    day = middle.created
    return {
        "home": reverse("diagnosis:home"),
        "worklist": reverse("diagnosis:worklist"),
        "statistics of a month": reverse("diagnosis:statistics-month", args=[day.year, day.month]),
        "statistics of a year": reverse("diagnosis:statistics-year", args=[day.year]),
        "changes over time": reverse("diagnosis:drift"),
        "scorecard of twelve months": reverse("diagnosis:scorecard"),
        "scorecard of a year": reverse("diagnosis:scorecard-year", args=[day.year]),
    }


def _filters(user: User, row: Diagnosis) -> dict[str, dict[str, str]]:
    model, day = str(row.model_version.uuid), row.created.date().isoformat()
    return {
        "all": {},
        "Positive": {"prediction": "Positive"},
        "Indeterminate": {"prediction": "Indeterminate"},
        "a radiographer": {"by": str(user.uuid)},
        "the oldest model version": {"model": model},
        "from the first day on": {"since": day},
        "the first day only": {"since": day, "until": day},
        "not reviewed": {"review": "unreviewed"},
        "disagrees": {"review": "disagrees"},
        "RT-PCR positive": {"outcome": "positive"},
        "RT-PCR unknown": {"outcome": "unknown"},
        "COVID likely": {"conclusion": "likely"},
        "typical appearance": {"appearance": "typical"},
        "atypical appearance, Negative": {"appearance": "atypical", "prediction": "Negative"},
        "only voided": {"voided": "only"},
        "notes: no such word": {"notes": "tuberculosis"},
        "notes: a rare pair": {"notes": "pregnant smell"},
        "notes: a common word": {"notes": "pneumonia"},
        "probability 20 to 30 %": {"low": "20", "high": "30"},
        "nothing has this (Positive below 10 %)": {"prediction": "Positive", "high": "10"},
        "search: nobody": {"q": "nobody"},
        "search: a patient's reference": {"q": row.study.patient_reference or "P0001"},
        "search: a name": {"q": "nowak anna"},
        "search: a part of a reference": {"q": (row.study.patient_reference or "P0001")[2:]},
        "search: two names in any order": {"q": "anna nowak"},
        "search: two names that nobody has": {"q": "nowak silva"},
        "search: a family name": {"q": "nowak"},
        "search: most files": {"q": "IMG_"},
        "search, answer, radiographer": {"q": "IMG_1", "prediction": "Positive", "by": str(user.uuid)},
        "RT-PCR negative, disagrees, Positive": {
            "outcome": "negative",
            "review": "disagrees",
            "prediction": "Positive",
        },
    }


def timed(client: Client, address: str, repeat: int, *, before: Callable[[], object] = lambda: None) -> Timing:
    """Ask this many times, and once more to count queries; `before` each. Raises CommandError unless it is 200."""
    clock, processor = [], []
    for _ in range(repeat):
        before()
        start = time.perf_counter(), time.process_time()
        answer = client.get(address, secure=True)
        clock.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
        if answer.status_code != 200:
            raise CommandError(f"{address} answered {answer.status_code}.")
    before()
    with CaptureQueriesContext(connection) as queries:
        client.get(address, secure=True)
    return Timing(clock, processor, len(queries), len(answer.content))
