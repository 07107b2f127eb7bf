"""What happened to a study, in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from diagnosis.history.lines import lines_of
from diagnosis.models import Diagnosis, StudyEvent
from tests.cast import client_of
from tests.rows import stored_result

Kind = StudyEvent.Kind


@pytest.fixture
def result(alice: User) -> Diagnosis:
    return stored_result(alice)


def event(user: User, kind: str, **detail: Any) -> StudyEvent:
    return StudyEvent(kind=kind, actor=user, detail=detail)


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        (Kind.CLASSIFIED, {"model": "toy-1"}, "by the model toy-1"),
        (Kind.READ, {"conclusion": "unsure", "findings": ["heart"]}, "Cannot tell, Enlarged heart"),
        (
            Kind.REVIEWED,
            {"conclusion": "likely", "findings": [], "verdict": "disagrees", "model": "toy-1", "reason": "Scars"},
            "COVID likely; Disagrees (answer of toy-1)",
        ),
        (Kind.OUTCOME, {"result": "positive", "sampled": "2026-02-03"}, "RT-PCR positive, sample taken 3 Feb 2026"),
        (Kind.OUTCOME, {"result": "", "sampled": None}, "Taken back: no result is known"),
        (
            Kind.EDITED,
            {"fields": ["notes", "projection"], "before": {"projection": "AP"}},
            "Clinical notes; Projection, before: AP (from the front)",
        ),
        (Kind.EDITED, {"fields": ["study_date"], "before": {"study_date": None}}, "Study date, before: nothing"),
        (Kind.REPORTED, {"report": "b1a3ae72-9dd7-4b4e-9a1c-7d6a6a0f2a55", "deidentified": True}, "de-identified"),
    ],
)
def test_each_kind_says_what_happened(alice: User, kind: str, detail: dict[str, Any], words: str) -> None:
    (line,) = lines_of([event(alice, kind, **detail)])
    assert (line.who, line.detail, line.reason) == ("Alice", words, detail.get("reason", ""))


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_of_event_has_words(alice: User, kind: str) -> None:
    """Every kind has words even for a detail that says nothing."""
    (line,) = lines_of([event(alice, kind)])
    assert line.what == str(Kind(kind).label)
    assert "None" not in line.detail


def test_lines_are_in_the_persons_own_time(alice: User, bob: User, result: Diagnosis) -> None:
    for hour, person, kind in ((22, alice, Kind.VOIDED), (23, bob, Kind.RESTORED)):
        created = datetime(2026, 3, 1, hour, 30, tzinfo=UTC)
        StudyEvent.objects.create(
            study=result.study, actor=person, kind=kind, created=created, detail={"reason": "<i>why</i>"}
        )
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Kuching")
    page = client_of(alice).get(result.get_absolute_url()).content.decode()
    history = page[page.index("history-heading") :]
    assert history.index("2 Mar 2026, 06:30") < history.index("2 Mar 2026, 07:30")
    assert history.index("Voided") < history.index("Restored")
    assert history.count("&lt;i&gt;why&lt;/i&gt;") == 2


def test_of_another_study_nothing_is_said(alice: User, result: Diagnosis) -> None:
    other = stored_result(alice)
    StudyEvent.objects.create(study=other.study, actor=alice, kind=Kind.VOIDED, detail={"reason": "another"})
    assert "another" not in client_of(alice).get(result.get_absolute_url()).content.decode()
