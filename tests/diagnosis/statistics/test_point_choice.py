"""An administrator puts the site's own operating point in force, and takes it back; each answer says which it had."""

import csv
import io
import re
from dataclasses import asdict

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import User
from api.serializers import AnswerSerializer
from audit.models import AuditEntry
from diagnosis.inference.engines import EngineOutput
from diagnosis.models import Diagnosis, ModelVersion, OperatingPoint
from diagnosis.reports.content import Origin, report_of
from diagnosis.statistics import site_point as module
from tests.cast import client_of
from tests.rows import stored_result
from tests.toy import RULE, ToyEngine
from tests.uploads import diagnosed

CASES = 20
OWN = 0.43
PAGE = "/admin/diagnosis/modelversion/operating-point/toy-1/"
CHOOSE = "/admin/diagnosis/modelversion/choose/"


@pytest.fixture
def results(alice: User, monkeypatch: pytest.MonkeyPatch, engine: ToyEngine) -> ModelVersion:
    """Twenty of each outcome; by them the operating point is OWN. The card's is 0.24, and the toy answers 0.31."""
    monkeypatch.setattr(module, "FEWEST_CASES", CASES)
    for number in range(CASES):
        for outcome, lowest in (("positive", 0.4), ("negative", 0.015)):
            stored = stored_result(alice)
            Diagnosis.objects.filter(pk=stored.pk).update(outcome=outcome, probability=lowest + 0.03 * number)
    return Diagnosis.objects.latest("pk").model_version


def shown(page: str) -> dict[str, str]:
    """What the form on the page would send."""
    return dict(re.findall(r'name="(point|newest)" value="([^"]*)"', page))


def put_in_force(dora: User) -> None:
    client = client_of(dora)
    assert client.post(PAGE, shown(client.get(PAGE).content.decode())).status_code == 302


def test_it_decides_from_the_next_answer_on(results: ModelVersion, alice: User, dora: User) -> None:
    """0.31 is Positive by the card's 0.24 and Negative by the site's own; the answer before stays what it was."""
    before = diagnosed(alice, 1)
    put_in_force(dora)
    after = diagnosed(alice, 2)
    chosen = OperatingPoint.objects.get()
    assert (before.prediction, before.site_point, before.operating_point) == ("Positive", None, RULE.operating_point)
    assert (after.prediction, after.site_point, after.operating_point) == ("Negative", chosen, pytest.approx(OWN))
    assert after.confidence == pytest.approx(1 - 0.31)
    assert after.indeterminate_low < OWN < after.indeterminate_high
    assert (chosen.chosen_by, chosen.positives, chosen.negatives) == (dora, CASES, CASES)
    entry = AuditEntry.objects.get(action="model-operating-point")
    detail = {"version": "toy-1", "point": "0.430000", "positives": CASES, "negatives": CASES}
    assert (entry.actor, entry.subject, entry.detail) == (dora.uuid, results.uuid, detail)


def test_one_put_in_force_while_the_model_answers_counts(
    results: ModelVersion, alice: User, dora: User, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may do so at any moment: an answer is decided when it is stored."""
    answer = engine.run

    def answer_late(images: np.ndarray) -> EngineOutput:
        put_in_force(dora)
        return answer(images)

    monkeypatch.setattr(engine, "run", answer_late)
    assert diagnosed(alice, 1).prediction == "Negative"


def test_back_to_the_card(results: ModelVersion, alice: User, dora: User) -> None:
    put_in_force(dora)
    own = diagnosed(alice, 1)
    client = client_of(dora)
    page = client.get(PAGE).content.decode()
    client.post(PAGE, {**shown(page), "card": "Go back"})
    again = diagnosed(alice, 2)
    assert (again.prediction, again.site_point) == ("Positive", None)
    own.refresh_from_db()
    assert own.prediction == "Negative"
    assert [entry.detail["point"] for entry in AuditEntry.objects.filter(action="model-operating-point")] == [
        "card",
        "0.430000",
    ]


@pytest.mark.parametrize("sent", [{"point": "0.05", "newest": "0"}, {"point": "x"}, {"newest": "7"}, {}])
def test_nothing_but_what_was_shown_is_put_in_force(results: ModelVersion, dora: User, sent: dict[str, str]) -> None:
    page = client_of(dora).post(PAGE, sent, follow=True).content.decode()
    assert "Somebody else has changed this" in page
    assert not OperatingPoint.objects.exists()


def test_cases_that_came_since_are_shown_first(results: ModelVersion, alice: User, dora: User) -> None:
    client = client_of(dora)
    form = shown(client.get(PAGE).content.decode())
    for _ in range(CASES):
        Diagnosis.objects.filter(pk=stored_result(alice).pk).update(outcome="positive", probability=0.9)
    client.post(PAGE, form)
    assert not OperatingPoint.objects.exists()


def test_not_with_fewer_cases(results: ModelVersion, dora: User) -> None:
    client = client_of(dora)
    form = shown(client.get(PAGE).content.decode())
    Diagnosis.objects.filter(outcome="negative").latest("pk").study.diagnoses.update(standing="voided")
    assert "submit" not in client.get(PAGE).content.decode().split("</nav>")[-1].split("logout")[0].split("<h2>")[1]
    page = client.post(PAGE, form, follow=True).content.decode()
    assert "cases of each kind are needed" in page
    assert not OperatingPoint.objects.exists()


def test_it_is_the_administrators(results: ModelVersion, alice: User) -> None:
    client_of(alice).post(PAGE, {"point": repr(OWN), "newest": "0"})
    assert not OperatingPoint.objects.exists()


def test_a_version_that_never_answered_has_none(toy_models: object, dora: User) -> None:
    client = client_of(dora)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, {"point": "0.4", "newest": "0"}).status_code == 200
    assert client.get(PAGE.replace("toy-1", "toy-9")).status_code == 404


def test_everything_that_shows_an_answer_says_which(results: ModelVersion, alice: User, dora: User) -> None:
    ModelVersion.objects.update(card={"decision": {"rule": asdict(RULE)}})
    put_in_force(dora)
    diagnosis, client = diagnosed(alice, 1), client_of(alice)
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert "0.430 (" in page
    assert "this site’s own, chosen by 20 positive and 20 negative RT-PCR results" in page
    assert "With the model card’s, 0.240, the answer would be: Positive." in page
    assert "Of 100 people with COVID-19 here, by RT-PCR, 5 were below this site’s operating point." in page
    scorecard = client.get("/statistics/scorecard/").content.decode()
    assert "the operating point of toy-1 became 0.430, this site’s own" in scorecard
    assert "the model card’s → 0.430, this site’s own" in scorecard
    assert "this site’s own" in client.get("/models/").content.decode()
    assert "this site’s own" in client.get("/models/toy-1/").content.decode()
    assert "this site’s own (card: 0.240)" in client_of(dora).get(CHOOSE).content.decode()
    api = AnswerSerializer(diagnosis).data
    assert (api["operating_point_of"], api["operating_point"]) == ("site", pytest.approx(OWN))
    text = client.get("/results/export.csv").getvalue().decode("utf-8-sig")
    rows = {row["result"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows[str(diagnosis.uuid)]["operating_point_of"] == "site"
    printed = report_of(diagnosis, Origin(alice, timezone.now(), "code", "https://a.example"), is_deidentified=True)
    assert any("this site’s own" in fact.value for fact in printed.model)
