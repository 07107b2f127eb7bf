"""A process of the site with a database full of invented results: how long its lists and statistics take."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

NAMES = {
    "all, ": "results list, every order",
    "search": "a search, every order",
    "notes": "words in notes, every order",
    "a page in": "a page within the list",
    "the page before": "a page within the list",
    "API list": "API list, every filter",
    "patients": "patients, a search for them",
    "home": "home",
    "statistics of a month": "statistics of a month",
    "statistics of a year": "statistics of a year",
    "scorecard": "scorecard of a year",
}
"""How the name of a timed address begins -> the kind that it belongs to."""
OTHERS = "a filter, every order"


@cache
def _ready() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if settings.STATIC_ROOT:
        call_command("collectstatic", interactive=False, verbosity=0)


def seed(total: int) -> float:
    """Invent results until there are this many; seconds that it took."""
    _ready()
    from django.core.management import call_command
    from django.db import connection

    from bench.lists import invented_results
    from diagnosis.models import Diagnosis

    missing, started = total - Diagnosis.objects.count(), time.perf_counter()
    call_command(invented_results.Command(), missing, seed=total)
    seconds = time.perf_counter() - started
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:  # as a server does on its own within a day
            cursor.execute("ANALYZE TABLE diagnosis_diagnosis, diagnosis_study, diagnosis_patient, diagnosis_review")
    return seconds


def times(repeat: int) -> dict[str, dict[str, Any]]:
    """For each kind of address its slowest: milliseconds of each request but the first, and its name; most queries."""
    _ready()
    from bench.lists.timing import Timing, invented_client, timed, timed_addresses

    client = invented_client()
    found: dict[str, list[tuple[str, Timing]]] = {}
    for name, address in timed_addresses().items():
        client.get(address, secure=True)
        found.setdefault(kind_of(name), []).append((name, timed(client, address, repeat)))
    for name, timing in _statistics_anew(client, repeat).items():
        found[name] = [(name, timing)]
    return {kind: _slowest(timings) for kind, timings in found.items()}


def kind_of(name: str) -> str:
    return next((kind for begin, kind in NAMES.items() if name.startswith(begin)), OTHERS)


def _slowest(timings: list[tuple[str, Any]]) -> dict[str, Any]:
    name, slowest = max(timings, key=lambda pair: sorted(pair[1].clock)[len(pair[1].clock) // 2])
    queries = max(timing.queries for _name, timing in timings)
    return {"milliseconds": [1000 * clock for clock in slowest.clock], "queries": queries, "name": name}


def _statistics_anew(client: Any, repeat: int) -> dict[str, Any]:
    """A month and a year after one upload in their middle, and a year without a kept figure."""
    from bench.lists.timing import invented_middle, timed, timed_addresses
    from diagnosis.history.recounts import days_changed
    from diagnosis.models import DayFigures

    middle, addresses = invented_middle(), timed_addresses()

    def change() -> None:
        days_changed(middle.institution_id, [middle.created])

    def forget() -> None:
        DayFigures.objects.all().delete()

    month, year = addresses["statistics of a month"], addresses["statistics of a year"]
    return {
        "statistics of a month, after an upload": timed(client, month, repeat, before=change),
        "statistics of a year, after an upload": timed(client, year, repeat, before=change),
        "statistics of a year, for the first time": timed(client, year, 1, before=forget),
        "scorecard of a year, for the first time": timed(client, addresses["scorecard of a year"], 1, before=forget),
    }


CALLS: dict[str, Callable[..., Any]] = {"seed": seed, "times": times}
