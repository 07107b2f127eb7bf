"""What Prometheus reads at /metrics, and what it makes of it: dashboard and alerts."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Diagnosis
from operations.metrics import exposition
from operations.metrics.exposition import installation_figures
from tests.cast import client_of
from tests.operations.promtool import promtool
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png, upload

pytestmark = pytest.mark.identity
TOKEN = "a-token-of-more-than-thirty-two-characters"
DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def scraped(stranger: Client) -> str:
    installation_figures.forget()
    answer = stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.content.decode()


def values(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Of one metric, by the values of its labels in the order of their names."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        tuple(sample.labels[name] for name in sorted(sample.labels)): sample.value
        for sample in samples
        if sample.name == name
    }


def counted(stranger: Client, name: str, *labels: str) -> float:
    return values(scraped(stranger), name).get(labels, 0)


@pytest.mark.parametrize("given", ["", "Bearer wrong", TOKEN, f"Bearer {TOKEN}x", "Bearer café"])
def test_no_token_no_figures(stranger: Client, dora: User, given: str) -> None:
    for client in (stranger, client_of(dora)):
        answer = client.get("/metrics", headers={"Authorization": given})
        assert answer.status_code == 401
        assert b"covidxray" not in answer.content


def test_uploads_by_outcome(stranger: Client, alice: User, engine: ToyEngine) -> None:
    client = client_of(alice)
    names = ("positive", "negative", "indeterminate", "repeat", "refused", "without-answer")
    before = {name: counted(stranger, "covidxray_uploads_total", name) for name in names}
    took = counted(stranger, "covidxray_classification_seconds_count", "toy-1")
    for content in (radiograph_png(), radiograph_png(), b"no picture"):
        upload(client, content)
    text = scraped(stranger)
    after = values(text, "covidxray_uploads_total")
    more = {name: after.get((name,), 0) - before[name] for name in names}
    answer = Diagnosis.objects.get().prediction.lower()
    assert more == dict.fromkeys(names, 0) | {answer: 1, "repeat": 1, "refused": 1}
    assert values(text, "covidxray_classification_seconds_count")[("toy-1",)] == took + 1
    assert values(text, "covidxray_results_last_day")[(answer,)] == 1
    assert values(text, "covidxray_model_info") == {("toy-1",): 1}


def test_refusals_and_requests(stranger: Client, alice: User, engine: ToyEngine) -> None:
    request = ("POST", "422", "diagnosis:upload")
    before = scraped(stranger)
    upload(client_of(alice), b"no picture")
    after = scraped(stranger)
    refused = [sum(values(text, "covidxray_refusals_total").values()) for text in (before, after)]
    asked = [values(text, "covidxray_requests_total").get(request, 0) for text in (before, after)]
    assert (refused[1], asked[1]) == (refused[0] + 1, asked[0] + 1)


def test_promtool_finds_nothing(stranger: Client, alice: User, engine: ToyEngine) -> None:
    upload(client_of(alice), radiograph_png())
    assert promtool("check", "metrics", text=scraped(stranger)) == ""


def test_no_patient_person_or_address(stranger: Client, alice: User, engine: ToyEngine) -> None:
    client = client_of(alice)
    upload(client, radiograph_png(), name="canary.png", reference="CANARY-1", name_of="Canary")
    study = Diagnosis.objects.get().study
    client.get(f"/studies/{study.uuid}/")
    client.generic("CANARY", "/canary/?q=canary")
    text = scraped(stranger).lower()
    for word in ("canary", "alice", "anna", str(study.uuid), study.sha256):
        assert word not in text


def test_a_database_that_is_away(stranger: Client, engine: ToyEngine) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("server has gone away")

    with connection.execute_wrapper(fail):
        text = scraped(stranger)
    assert values(text, "covidxray_database_up") == {(): 0}
    assert values(text, "covidxray_requests_total")


def test_often_asked_the_database_is_not(stranger: Client, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    scraped(stranger)
    monkeypatch.setattr(exposition, "FIGURES", [lambda: pytest.fail("the database was asked again")])
    assert stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_oldest_unreviewed_positive(stranger: Client, alice: User, engine: ToyEngine) -> None:
    moment = timezone.now() - timedelta(hours=30)
    pk = diagnosed(alice).pk
    Diagnosis.objects.filter(pk=pk).update(prediction="Positive", created=moment)
    text = scraped(stranger)
    assert values(text, "covidxray_positives_unreviewed") == {(): 1}
    oldest = values(text, "covidxray_positives_unreviewed_oldest_timestamp_seconds")
    assert oldest[()] == pytest.approx(moment.timestamp(), abs=1)


def test_dashboard_and_alerts_name_what_is_there(stranger: Client, alice: User, engine: ToyEngine) -> None:
    upload(client_of(alice), radiograph_png())
    upload(client_of(alice), b"no picture")
    there = {line.split(" ")[2] for line in scraped(stranger).splitlines() if line.startswith("# TYPE")}
    there |= {line.split("{")[0].split(" ")[0] for line in scraped(stranger).splitlines() if line[:1] not in ("#", "")}
    used = set()
    for file in ("grafana/covidxray.json", "prometheus/covidxray-rules.yml"):
        used |= set(re.findall(r"covidxray_\w+", (DEPLOY / file).read_text()))
    assert len(used) > 15
    assert used <= there
    panels = json.loads((DEPLOY / "grafana" / "covidxray.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 15


RULES = """
rule_files: [{rules}]
evaluation_interval: 5m
tests:
  - interval: 5m
    input_series:
      - {{series: 'covidxray_positives_unreviewed{{instance="x"}}', values: '2+0x600'}}
      - {{series: 'covidxray_positives_unreviewed_oldest_timestamp_seconds{{instance="x"}}', values: '0+0x600'}}
      - {{series: 'covidxray_last_backup_timestamp_seconds{{instance="x"}}', values: '0+0x600'}}
      - {{series: 'covidxray_queue_turned_away_total{{instance="x"}}', values: '0+0x10 1+0x100'}}
      - {{series: 'covidxray_pacs_radiographs{{instance="x",state="dead"}}', values: '0+0x10 1+0x100'}}
      - {{series: 'covidxray_pacs_results{{instance="x",state="dead"}}', values: '0+0x10 2+0x100'}}
      - {{series: 'covidxray_job_radiographs_dead{{instance="x"}}', values: '0+0x10 4+0x100'}}
      - {{series: 'covidxray_job_radiographs_waiting{{instance="x"}}', values: '300-3x20 240+0x100'}}
      - {{series: 'covidxray_jobs{{instance="x",state="running"}}', values: '1+0x120'}}
      - {{series: 'covidxray_jobs{{instance="x",state="listing"}}', values: '0+0x120'}}
    alert_rule_test:
{cases}
"""
CASES = [
    ("CovidxrayUnreviewedPositive", "23h", False),
    ("CovidxrayUnreviewedPositive", "25h", True),
    ("CovidxrayNoBackup", "47h", False),
    ("CovidxrayNoBackup", "49h", True),
    ("CovidxrayQueueFull", "50m", False),
    ("CovidxrayQueueFull", "55m", True),
    ("CovidxrayQueueFull", "80m", False),
    ("CovidxrayDeadLetters", "50m", False),
    ("CovidxrayDeadLetters", "55m", True),
    ("CovidxrayJobsGivenUp", "50m", False),
    ("CovidxrayJobsGivenUp", "55m", True),
    ("CovidxrayJobsStill", "100m", False),  # 3 radiographs in 5 minutes
    ("CovidxrayJobsStill", "160m", True),
]
SAID = {
    "CovidxrayUnreviewedPositive": "2 Positive answers are not reviewed, and the oldest is more than 24 hours old.",
    "CovidxrayNoBackup": "No backup was made for 2 days.",
    "CovidxrayQueueFull": "Uploads were turned away in the last 15 minutes: the queue is full.",
    "CovidxrayDeadLetters": "3 radiographs or results of the PACS were given up.",
    "CovidxrayJobsGivenUp": "4 radiographs of jobs were given up.",
    "CovidxrayJobsStill": "1 jobs are open, and none has got on for half an hour: does manage.py run_jobs run?",
}
SEVERITY = {"CovidxrayNoBackup": "critical"}


def _case(name: str, moment: str, fires: bool) -> str:
    labels = f"{{severity: {SEVERITY.get(name, 'warning')}, instance: x}}"
    alert = f"[{{exp_labels: {labels}, exp_annotations: {{summary: '{SAID[name]}'}}}}]" if fires else "[]"
    return f"      - {{alertname: {name}, eval_time: {moment}, exp_alerts: {alert}}}"


def test_alerts_fire_when_notifications_do(tmp_path: Path) -> None:
    rules = DEPLOY / "prometheus" / "covidxray-rules.yml"
    promtool("check", "rules", str(rules))
    file = tmp_path / "rules-test.yml"
    file.write_text(RULES.format(rules=rules, cases="\n".join(_case(*case) for case in CASES)))
    promtool("test", "rules", str(file))


def test_the_example_of_prometheus_is_right(tmp_path: Path) -> None:
    for file in (DEPLOY / "prometheus").iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "covidxray-token").write_text(TOKEN)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))
