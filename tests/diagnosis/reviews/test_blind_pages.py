"""No page shows a person who reads blind anything that depends on an answer which they have not read yet.

Every address of the site is asked twice, before and after the answers and all that people said of them were turned
round: what such a person gets must be the same both times, byte for byte.
"""

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from diagnosis.imaging.rendering import heat_map_to_png
from diagnosis.models import DayFigures, Diagnosis, ModelFinding, OwnReading, Patient, Review, Study
from diagnosis.reviews.embargoes import embargo_begin
from tests.cast import client_of
from tests.covidxray.test_access import TABLE, arguments  # noqa: F401
from tests.rows import appearances_add
from tests.toy import ToyEngine
from tests.uploads import diagnosed

_OTHER_EACH_TIME = re.compile(
    r'name="(csrfmiddlewaretoken|typed_by)" value="[\w:-]+"|data-seconds="\d+"|as of \d+ \w+ \d+, \d\d:\d\d'
)
FILTERS = (
    {"prediction": "Positive"},
    {"prediction": "Negative"},
    {"low": "50"},
    {"high": "50"},
    {"sort": "highest"},
    {"sort": "lowest"},
    {"review": "agrees"},
    {"review": "disagrees"},
    {"conclusion": "likely"},
    {"outcome": "positive"},
    {"outcome": "negative"},
    {"appearance": "typical"},
    {"appearance": "negative"},
)


@pytest.fixture
def studies(alice: User, arguments: dict[str, list[object]]) -> dict[str, list[object]]:  # noqa: F811
    """All radiographs are one patient's; of two there is an answer that bob has not read."""
    diagnosed(alice, seed=2)
    Study.objects.update(patient=Patient.objects.get(uuid=str(arguments["patient"][0])))
    for study in Study.objects.all():
        OwnReading.objects.create(study=study, reader=alice, conclusion="likely")
    for diagnosis in Diagnosis.objects.all():
        appearances_add(diagnosis)
        Review.objects.create(
            diagnosis=diagnosis, reviewer=alice, verdict="agrees", conclusion="likely", reason="Clear"
        )
    return arguments


def turn(positive: bool) -> None:
    """Store answers that say one thing or its opposite, with everything that people said of them."""
    heat = heat_map_to_png(np.eye(2, k=int(positive), dtype=np.float32))
    probability = 0.734 if positive else 0.021
    verdict, conclusion = ("agrees", "likely") if positive else ("disagrees", "unlikely")
    Diagnosis.objects.update(
        prediction="Positive" if positive else "Negative",
        probability=probability,
        raw_probability=probability,
        confidence=0.734 if positive else 0.979,
        heat_map=heat,
        review_state=verdict,
        conclusion=conclusion,
        outcome="positive" if positive else "negative",
        appearance="typical" if positive else "negative",
    )
    ModelFinding.objects.update(probability=probability)
    Review.objects.update(verdict=verdict, conclusion=conclusion, reason="Clear" if positive else "Scars")
    OwnReading.objects.update(conclusion=conclusion)
    DayFigures.objects.all().delete()  # as the services do, which note the change
    Study.objects.update(outcome="positive" if positive else "negative", outcome_date=date(2026, 3, 1 + positive))


def addresses(arguments: dict[str, list[object]]) -> list[str]:  # noqa: F811
    named = {name: row for name, row in TABLE.items() if name.startswith("diagnosis:")}
    pages = [reverse(name, args=arguments[row.argument]) for name, row in named.items()]
    listed = [reverse("diagnosis:results"), reverse("diagnosis:results-export")]
    filtered = [f"{address}?{urlencode(chosen)}" for address in listed for chosen in FILTERS]
    selected = [("scope", "selected"), *(("select", row.uuid) for row in Diagnosis.objects.all())]
    return [*pages, *filtered, f"{listed[1]}?{urlencode(selected)}"]


def seen_by(client: Client, asked: list[str]) -> dict[str, str]:
    return {address: _seen(client, address) for address in asked}


def _seen(client: Client, address: str) -> str:
    """Status and text of an answer, without the token that differs each time."""
    answer = client.get(address)
    text = answer.getvalue().decode(errors="replace")
    return f"{answer.status_code} " + _OTHER_EACH_TIME.sub("", text)


def differing(client: Client, asked: list[str]) -> set[str]:
    turn(True)
    before = seen_by(client, asked)
    turn(False)
    after = seen_by(client, asked)
    return {address for address in asked if before[address] != after[address]}


def read_blind(person: User) -> None:
    User.objects.filter(pk=person.pk).update(reads_blind=True)


def take_part_in_a_reader_study(person: User) -> None:
    """As joining one does whose cases are all radiographs; the person has reviewed them before."""
    for diagnosis in Diagnosis.objects.all():
        Review.objects.create(diagnosis=diagnosis, reviewer=person, verdict="agrees", conclusion="likely")
    embargo_begin(reader=person, studies=Study.objects.values_list("pk", flat=True), purpose=uuid4())


@pytest.mark.parametrize("hide", [read_blind, take_part_in_a_reader_study])
def test_blind_pages_do_not_vary(
    bob: User, studies: dict[str, list[object]], engine: ToyEngine, hide: Callable[[User], None]
) -> None:
    """Nothing that a blind reader is shown depends on the answer."""
    hide(bob)
    assert differing(client_of(bob), addresses(studies)) == set()


def test_open_pages_do_vary(bob: User, studies: dict[str, list[object]], engine: ToyEngine) -> None:
    asked = addresses(studies)
    found = differing(client_of(bob), asked)
    shown = [address for address in asked if re.search(r"^/$|heat-map|^/results/|^/patients/\w+-", address)]
    exempt = re.compile(r"/(reading|review|outcome|report|edit|merge|undo)/$|/opacity-map.png$")
    assert {address for address in shown if not exempt.search(address)} - found == set()


def test_hidden_pages_say_why(bob: User, studies: dict[str, list[object]], engine: ToyEngine) -> None:
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    client = client_of(bob)
    for name in ("heat-map", "opacity-map", "report", "report-page", "report-open", "report-download"):
        address = reverse(f"diagnosis:{name}", args=studies[TABLE[f"diagnosis:{name}"].argument])
        answer = client.get(address)
        assert (answer.status_code, "your own reading" in answer.content.decode()) == (403, True)
    assert client.post(reverse("diagnosis:report-make", args=studies["diagnosis"])).status_code == 403
