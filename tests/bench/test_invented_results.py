"""`python -m bench.lists seed`: many invented rows, which cannot be taken for real ones."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Max, Min

from accounts.models import User
from bench.lists import invented_results, timing
from diagnosis.models import Diagnosis, ModelVersion, ReviewState, Study
from tests.cast import client_of
from tests.rows import page_of, shown, stored_result, words_need_a_commit
from tests.uploads import stored_files

pytestmark = pytest.mark.django_db


def seed(number: int, **options: int) -> str:
    told = io.StringIO()
    call_command(invented_results.Command(), number, stdout=told, stderr=io.StringIO(), **options)
    return told.getvalue()


def test_many_rows_share_one_sample(media_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invented_results, "BATCH", 7)
    seed(30, days=100)
    assert (Study.objects.count(), Diagnosis.objects.count()) == (30, 30)
    assert len(stored_files(media_root)) == 3
    ends = Diagnosis.objects.aggregate(oldest=Min("created"), newest=Max("created"))
    assert timedelta(days=95) < ends["newest"] - ends["oldest"] < timedelta(days=100)
    assert list(Diagnosis.objects.order_by("created")) == list(Diagnosis.objects.order_by("pk"))


def test_more_rows_can_follow() -> None:
    seed(5)
    seed(5, seed=2)
    assert Diagnosis.objects.count() == 10
    assert ModelVersion.objects.count() == len(invented_results.VERSIONS)


def test_rows_say_that_they_are_invented(alice: User) -> None:
    mine = stored_result(alice)
    assert "invented" in seed(20)
    seeded = Diagnosis.objects.exclude(pk=mine.pk)
    assert {row.institution.name for row in seeded} == {"Invented results"}
    assert all(row.model_version.version.startswith("invented") for row in seeded)
    assert all(row.model_version.card == {"invented": True} for row in seeded)
    assert not Diagnosis.objects.visible_to(alice).exclude(pk=mine.pk).exists()
    assert not any(person.has_usable_password() for person in User.objects.filter(username__startswith="invented"))


def test_labels_follow_from_probabilities() -> None:
    seed(60)
    for row in Diagnosis.objects.all():
        low, high = row.indeterminate_low, row.indeterminate_high
        expected = "Negative" if row.probability < low else "Positive" if row.probability >= high else "Indeterminate"
        assert row.prediction == expected
    client = client_of(User.objects.get(username=invented_results.USERNAMES[0]))
    text = client.get("/results/").content.decode()
    assert text.count('name="select"') == 50
    row = Diagnosis.objects.latest("pk")
    for address in (row.get_absolute_url(), f"/studies/{row.study.uuid}/thumbnail.jpg"):
        answer = client.get(address)
        answer.getvalue()
        assert answer.status_code == 200


def test_the_mix_has_reviews_and_voided_ones() -> None:
    """Reviews outcomes notes and voided uploads are in the mix and agree with their rows."""
    seed(600, days=1000)
    rows = Diagnosis.objects.select_related("study").prefetch_related("reviews", "study__outcomes")
    for row in rows:
        assert [review.verdict for review in row.reviews.all()] == (
            [] if row.review_state == "unreviewed" else [row.review_state]
        )
        assert [(outcome.result, outcome.sampled) for outcome in row.study.outcomes.all()] == (
            [(row.study.outcome, row.study.outcome_date)] if row.study.outcome else []
        )
        assert (row.standing == "voided") == bool(row.study.voided)
        assert row.outcome == row.study.outcome
    assert {row.review_state for row in rows} == set(ReviewState.values)
    assert {row.study.outcome for row in rows} == {"", "positive", "negative"}
    assert {bool(row.study.notes) for row in rows} == {bool(row.study.voided) for row in rows} == {True, False}


@words_need_a_commit
def test_invented_results_can_be_filtered() -> None:
    seed(300)
    client = client_of(User.objects.get(username=invented_results.USERNAMES[0]))
    everything = {"review": "agrees", "outcome": "negative", "notes": "pneumonia"}
    assert all(shown(page_of(client, "", **{name: value})) for name, value in everything.items())


@pytest.mark.parametrize(("number", "days"), [(0, 1), (-5, 1), (5, 0)])
def test_no_rows_or_no_days_make_no_sense(number: int, days: int) -> None:
    with pytest.raises(CommandError):
        seed(number, days=days)
    assert not Diagnosis.objects.exists()


def test_the_list_is_timed_over_invented_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ORDERS", ("newest",))
    with pytest.raises(CommandError, match=r"bench\.lists seed"):
        call_command(timing.Command())
    seed(60)
    told = io.StringIO()
    call_command(timing.Command(), repeat=1, stdout=told)
    lines = told.getvalue().splitlines()[1:]
    assert len(lines) > 12
    queries = {int(line.split()[-2]) for line in lines}
    assert max(queries) <= 18  # five of them for the audit
