"""Readings, reviews and outcomes: what a person may add to a result, and that nothing of it ever changes."""

from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from diagnosis.models import Diagnosis, Outcome, OwnReading, Review, StudyEvent
from diagnosis.reviews.services import AdditionRefused, outcome_add, reading_add, review_add
from diagnosis.statistics.periods import year_period
from diagnosis.statistics.scorecard import scorecard
from diagnosis.studies.services import study_void
from tests.cast import client_of
from tests.rows import stored_result


@pytest.fixture
def result(alice: User) -> Diagnosis:
    return stored_result(alice, probability=0.73)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def page_of(client: Client, result: Diagnosis) -> str:
    answer = client.get(result.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, result: Diagnosis, what: str, /, **values: str):
    return client.post(f"{result.get_absolute_url()}{what}/", {f"{what}-{name}": text for name, text in values.items()})


def kinds(result: Diagnosis) -> list[str]:
    return list(result.study.events.order_by("pk").values_list("kind", flat=True))


# --- Review -----------------------------------------------------------------------------------------------------------


def test_a_review_leaves_the_answer_alone(client: Client, bob: User, result: Diagnosis) -> None:
    before = dict(Diagnosis.objects.values().get(pk=result.pk))
    answer = post(client_of(bob), result, "review", conclusion="unlikely", reason="Old scars,\r\nno <b>new</b> shadow")
    assert (answer.status_code, answer["Location"]) == (302, result.get_absolute_url())
    after = dict(Diagnosis.objects.values().get(pk=result.pk))
    assert (after.pop("review_state"), after.pop("conclusion")) == ("disagrees", "unlikely")
    assert (before.pop("review_state"), before.pop("conclusion")) == ("unreviewed", "")
    assert after == before
    page = page_of(client, result)
    assert "Disagrees" in page
    assert "Bob" in page
    assert "Old scars,<br>no &lt;b&gt;new&lt;/b&gt; shadow" in page
    assert "label-positive" in page


def test_the_newest_review_counts(alice: User, bob: User, result: Diagnosis) -> None:
    for person, seen in ((alice, "likely"), (bob, "unsure"), (alice, "unlikely"), (alice, "likely")):
        review_add(user=person, diagnosis=result, conclusion=seen, reason="because")
    result.refresh_from_db()
    assert result.review_state == "agrees"
    said = [(review.reviewer, review.verdict) for review in result.reviews.newest_first()]
    assert said == [(alice, "agrees"), (alice, "disagrees"), (bob, "unsure"), (alice, "agrees")]
    assert kinds(result) == ["reviewed"] * 4


@pytest.mark.parametrize("reason", ["", " \r\n "])
def test_a_disagreement_says_what_was_seen(client: Client, result: Diagnosis, reason: str) -> None:
    answer = post(client, result, "review", conclusion="unlikely", reason=reason)
    assert answer.status_code == 422
    assert "contradicts the model" in unescape(answer.content.decode())
    assert not Review.objects.exists()
    assert post(client, result, "review", conclusion="unlikely", findings="effusion").status_code == 302


@pytest.mark.parametrize(
    ("prediction", "verdicts"),
    [
        ("Positive", ["agrees", "disagrees", "unsure"]),
        ("Negative", ["disagrees", "agrees", "unsure"]),
        ("Indeterminate", ["decided", "decided", "agrees"]),
    ],
)
def test_agreement_follows(client: Client, alice: User, prediction: str, verdicts: list[str]) -> None:
    """Likely, unlikely and cannot tell, next to each answer."""
    for seen, verdict in zip(("likely", "unlikely", "unsure"), verdicts, strict=True):
        result = stored_result(alice, prediction=prediction)
        post(client, result, "review", conclusion=seen, findings="heart")
        result.refresh_from_db()
        assert (result.review_state, result.conclusion) == (verdict, seen)
        assert ("The reader and the model disagree" in page_of(client, result)) is (verdict == "disagrees")


def test_readers_who_differ_are_told_of(client: Client, alice: User, bob: User, result: Diagnosis) -> None:
    review_add(user=bob, diagnosis=result, conclusion="unlikely", findings=["effusion"])
    review_add(user=alice, diagnosis=result, conclusion="unsure")
    assert "different conclusions" not in page_of(client, result)
    review_add(user=alice, diagnosis=result, conclusion="likely")
    assert "different conclusions" in page_of(client, result)
    assert "Pleural effusion" in page_of(client, result)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Choose what you conclude"),
        ({"conclusion": "unreviewed"}, "Select a valid choice"),
        ({"conclusion": "likely", "findings": "halo"}, "Select a valid choice"),
        ({"conclusion": "likely", "reason": "x" * 2001}, "at most 2000 characters"),
        ({"conclusion": "likely", "reason": "a\0b"}, "Null characters"),
    ],
)
def test_an_invalid_review_is_refused(client: Client, result: Diagnosis, values: dict[str, str], message: str) -> None:
    answer = post(client, result, "review", **values)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Review.objects.exists()


def test_line_ends_of_2000_characters_stay(client: Client, result: Diagnosis) -> None:
    assert post(client, result, "review", conclusion="likely", reason="x\r\n" * 999 + "yy").status_code == 302
    assert len(Review.objects.get().reason) == 2000


def test_fields_of_the_row_cannot_be_posted(client: Client, alice: User, bob: User, result: Diagnosis) -> None:
    extra = {"review-reviewer": str(bob.pk), "reviewer": str(bob.pk), "review-created": "2001-01-01", "prediction": "x"}
    client.post(f"{result.get_absolute_url()}review/", {"review-conclusion": "likely", **extra})
    review = Review.objects.get()
    assert (review.reviewer, review.created.year, review.diagnosis.prediction) == (
        alice,
        timezone.now().year,
        "Positive",
    )


def test_a_double_click_adds_one(client: Client, result: Diagnosis) -> None:
    for _ in range(2):
        assert post(client, result, "review", conclusion="unsure", reason="Rotated").status_code == 302
    assert Review.objects.count() == 1
    assert kinds(result) == ["reviewed"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_add_one(alice: User, result: Diagnosis) -> None:
    at_once(lambda: review_add(user=alice, diagnosis=result, conclusion="likely"))
    assert (Review.objects.count(), kinds(result)) == (1, ["reviewed"])


def at_once(act: Callable[[], object], people: int = 4) -> None:
    barrier = Barrier(people)

    def run() -> None:
        barrier.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("what", ["reading", "review", "outcome"])
@pytest.mark.parametrize(("who", "status"), [("bob", 422), ("charlie", 404), ("dora", 403)])
def test_only_colleagues_may_add(
    what: str, who: str, status: int, request: pytest.FixtureRequest, result: Diagnosis
) -> None:
    assert post(client_of(request.getfixturevalue(who)), result, what).status_code == status


def test_a_forged_form_adds_nothing(alice: User, result: Diagnosis) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(alice)
    assert post(forger, result, "review", conclusion="likely").status_code == 403
    assert not Review.objects.exists()


def test_a_voided_study_takes_nothing_more(client: Client, alice: User, result: Diagnosis) -> None:
    study_void(user=alice, study=result.study, reason="wrong patient")
    assert "cannot be reviewed" in page_of(client, result)
    for what, values in (
        ("review", {"conclusion": "likely"}),
        ("outcome", {"result": "negative", "sampled": "2026-03-01"}),
    ):
        answer = post(client, result, what, **values)
        assert "was voided" in client.get(answer["Location"]).content.decode()
    assert not Review.objects.exists()
    assert not Outcome.objects.exists()


def test_additions_are_final(alice: User, result: Diagnosis) -> None:
    review = review_add(user=alice, diagnosis=result, conclusion="likely")
    review.verdict = "disagrees"
    for forbidden in (review.save, review.delete, result.study.events.get().delete):
        with pytest.raises(TypeError, match="never"):
            forbidden()


# --- Outcome ----------------------------------------------------------------------------------------------------------


def test_an_outcome_can_be_withdrawn(client: Client, result: Diagnosis) -> None:
    study = result.study
    for values, stored in (
        ({"result": "positive", "sampled": "2026-03-01"}, ("positive", "2026-03-01")),
        ({"result": "negative", "sampled": "2026-03-02"}, ("negative", "2026-03-02")),
        ({"result": "none", "sampled": "no day at all"}, ("", "None")),
    ):
        assert post(client, result, "outcome", **values).status_code == 302
        study.refresh_from_db()
        assert (study.outcome, str(study.outcome_date)) == stored
        assert Diagnosis.objects.get().outcome == study.outcome  # repeated, for lists
    assert list(Outcome.objects.order_by("pk").values_list("result", flat=True)) == ["positive", "negative", ""]
    assert kinds(result) == ["outcome"] * 3
    assert "Taken back" in page_of(client, result)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"result": "positive", "sampled": ""}, "Enter the date on which"),
        ({"result": "positive", "sampled": "2019-11-30"}, "There was no RT-PCR test"),
        ({"result": "positive", "sampled": "31.12.2025"}, "year-month-day"),
        ({"result": "positive", "sampled": "tomorrow"}, "is in the future"),
        ({"result": "maybe", "sampled": "2026-03-01"}, "Select a valid choice"),
        ({"sampled": "2026-03-01"}, "Choose the result of the test"),
        ({"result": "none"}, "Select a valid choice"),
    ],
)
def test_an_impossible_day_is_refused(client: Client, result: Diagnosis, values: dict[str, str], message: str) -> None:
    """A day that no sample has and a result that no test has are refused."""
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    values = {name: tomorrow if text == "tomorrow" else text for name, text in values.items()}
    answer = post(client, result, "outcome", **values)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Outcome.objects.exists()


def test_the_same_outcome_again_adds_nothing(alice: User, result: Diagnosis) -> None:
    for _ in range(2):
        outcome_add(user=alice, study=result.study, result="positive", sampled=timezone.localdate())
    assert (Outcome.objects.count(), StudyEvent.objects.count()) == (1, 1)


@pytest.mark.parametrize("days", [15, -15])
def test_a_far_sample_is_asked_about(client: Client, result: Diagnosis, days: int) -> None:
    """As the scorecard counts: within 14 days of the radiograph's day, which is 14 March 2026."""
    far = (date(2026, 3, 14) + timedelta(days=days)).isoformat()
    near = (date(2026, 3, 14) + timedelta(days=14 if days > 0 else -14)).isoformat()
    answer = post(client, result, "outcome", result="positive", sampled=far)
    assert (answer.status_code, "15 days from" in answer.content.decode()) == (422, True)
    assert not Outcome.objects.exists()
    assert post(client, result, "outcome", result="positive", sampled=far, sure="on").status_code == 302
    assert post(client, result, "outcome", result="negative", sampled=near).status_code == 302
    assert [row.result for row in Outcome.objects.order_by("pk")] == ["positive", "negative"]


@pytest.mark.parametrize("seen", ["inconclusive", "antigen+", "antigen-"])
def test_other_tests_are_no_rt_pcr(client: Client, alice: User, result: Diagnosis, seen: str) -> None:
    """They are stored and listed, and the scorecard leaves them out."""
    post(client, result, "outcome", result=seen, sampled="2026-03-14")
    result.refresh_from_db()
    assert result.outcome == seen
    assert client.get("/results/", {"outcome": seen}).content.decode().count('name="select"') == 1
    assert client.get("/results/", {"outcome": "unknown"}).content.decode().count('name="select"') == 0
    assert scorecard(alice, year_period(2026)).total.answers.radiographs == 0


# --- Own reading ------------------------------------------------------------------------------------------------------


@pytest.fixture
def blind(bob: User) -> User:
    bob.reads_blind = True
    bob.save()
    return bob


def test_a_blind_reading_reveals_the_answer(blind: User, result: Diagnosis) -> None:
    client = client_of(blind)
    before = page_of(client, result)
    assert "Your reading" in before
    assert [
        word for word in ("73\N{NO-BREAK SPACE}%", "label-positive", "heat-map", "Report", "History") if word in before
    ] == []
    answer = post(client, result, "reading", conclusion="unlikely", note="Clear lungs")
    assert (answer.status_code, answer["Location"]) == (302, result.get_absolute_url())
    after = page_of(client, result)
    assert "73\N{NO-BREAK SPACE}%" in after
    assert "Clear lungs" in after
    assert kinds(result) == ["read", "reviewed"]
    result.refresh_from_db()
    assert (result.review_state, "The reader and the model disagree" in after) == ("disagrees", True)
    post(client, result, "review", conclusion="likely")
    assert [(review.conclusion, review.is_blind) for review in result.reviews.order_by("pk")] == [
        ("unlikely", True),
        ("likely", False),
    ]


def test_a_reading_cannot_be_changed(blind: User, result: Diagnosis) -> None:
    client = client_of(blind)
    for seen in ("unlikely", "likely"):
        post(client, result, "reading", conclusion=seen)
    assert OwnReading.objects.get().conclusion == "unlikely"


def test_no_reading_after_the_answer(alice: User, result: Diagnosis) -> None:
    with pytest.raises(AdditionRefused, match="could already see"):
        reading_add(user=alice, study=result.study, conclusion="likely")
    assert not OwnReading.objects.exists()


def test_a_hidden_answer_is_not_reviewed(blind: User, result: Diagnosis) -> None:
    client = client_of(blind)
    answer = post(client, result, "review", conclusion="likely")
    assert "own reading first" in client.get(answer["Location"]).content.decode()
    post(client, result, "outcome", result="positive", sampled="2026-03-01")
    assert not Review.objects.exists()
    assert not Outcome.objects.exists()


def test_a_reading_needs_an_answer(blind: User, result: Diagnosis) -> None:
    answer = post(client_of(blind), result, "reading", note="x" * 2001)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose what you conclude" in page
    assert "at most 2000" in page
    assert "label-positive" not in page


def test_signing_in_again_returns_to_result(client: Client, result: Diagnosis) -> None:
    for what in ("reading", "review", "outcome"):
        assert client.get(f"{result.get_absolute_url()}{what}/")["Location"] == result.get_absolute_url()
