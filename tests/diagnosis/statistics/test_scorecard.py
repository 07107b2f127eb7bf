"""The live scorecard: every figure by hand, what counts and what does not, and what is said of too few cases."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.findings import Prediction
from diagnosis.models import Diagnosis, Study
from diagnosis.statistics.counts import activity_of
from diagnosis.statistics.periods import Month, month_period, rows_within, year_period
from diagnosis.statistics.scope import counted_results
from diagnosis.statistics.scorecard import Answers, Called, Scorecard, scorecard
from diagnosis.statistics.shares import Share
from tests.cast import client_of
from tests.diagnosis.statistics.test_activity import lines, table, text_of
from tests.outcomes import NEGATIVE, NOW, POSITIVE, checked_result, read_blind, set_outcome, voided
from tests.rows import NOON, stored_result
from training.evaluation.metrics import calibration_curve

CARD = "/statistics/scorecard/"
FEBRUARY = datetime(2026, 2, 10, 12, tzinfo=UTC)


@pytest.fixture
def client(alice: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    client = client_of(alice)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return client


@pytest.fixture
def twenty(alice: User) -> list[Diagnosis]:
    """Ten with a positive RT-PCR (7 called Positive, 1 Indeterminate, 2 Negative) and ten negative (1, 1, 8)."""
    answers = {
        (POSITIVE, "Positive", 0.8): 7,
        (POSITIVE, "Indeterminate", 0.25): 1,
        (POSITIVE, "Negative", 0.1): 2,
        (NEGATIVE, "Positive", 0.9): 1,
        (NEGATIVE, "Indeterminate", 0.25): 1,
        (NEGATIVE, "Negative", 0.1): 8,
    }
    return [
        checked_result(alice, outcome, prediction, probability=probability)
        for (outcome, prediction, probability), number in answers.items()
        for _ in range(number)
    ]


def card_of(user: User) -> Scorecard:
    return scorecard(user, year_period(2026))


def called(user: User) -> tuple[Called, Called]:
    answers = card_of(user).total.answers
    return answers.covid, answers.non_covid


def test_an_indeterminate_answer_is_wrong_for_both(alice: User, twenty: list[Diagnosis]) -> None:
    answers = card_of(alice).total.answers
    assert answers == Answers(Called(7, 1, 2), Called(1, 1, 8))
    assert answers.indeterminate == 2
    # Wilson's intervals of 7 in 10 and of 8 in 10.
    sensitivity, specificity = answers.sensitivity, answers.specificity
    assert sensitivity is not None
    assert specificity is not None
    assert (sensitivity.value, sensitivity.low, sensitivity.high) == pytest.approx((0.7, 0.3968, 0.8922), abs=1e-4)
    assert (specificity.value, specificity.low, specificity.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)


def test_probabilities_against_outcomes_by_hand(alice: User, twenty: list[Diagnosis]) -> None:
    calibration = card_of(alice).total.calibration
    # 7·0.8 + 0.25 + 2·0.1 and 0.9 + 0.25 + 8·0.1 are 8.0 of 20; half have COVID.
    assert calibration.expected == pytest.approx(0.4)
    assert calibration.observed is not None
    assert calibration.observed.value == 0.5
    # 7·0.2² + 0.75² + 2·0.9² and 0.9² + 0.25² + 8·0.1² are 3.415 of 20.
    brier = calibration.brier
    assert brier is not None
    assert brier.value == pytest.approx(3.415 / 20)
    squares = [0.04] * 7 + [0.5625] + [0.81] * 3 + [0.0625] + [0.01] * 8
    mean = sum(squares) / 20
    error = (sum((square - mean) ** 2 for square in squares) / 19 / 20) ** 0.5
    assert (brier.low, brier.high) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=1e-4)


def test_the_bins_are_those_of_a_models_card(alice: User) -> None:
    probabilities = [0, 0.05, 0.1, 0.2, 0.3, 0.55, 0.6, 0.7, 0.9, 1]
    truths = [number % 2 for number in range(len(probabilities))]  # 0 is COVID
    for truth, probability in zip(truths, probabilities, strict=True):
        checked_result(alice, (POSITIVE, NEGATIVE)[truth], "Positive", probability=probability)
    expected = [
        (pytest.approx(part.probability * part.images), pytest.approx(part.covid_share * part.images), part.images)
        for part in calibration_curve(truths, probabilities)
    ]
    found = [(part.probabilities, part.covid, part.radiographs) for part in card_of(alice).bins if part.radiographs]
    assert found == expected


def test_nothing_is_said_of_fewer_than_ten(client: Client, alice: User, twenty: list[Diagnosis]) -> None:
    set_outcome(twenty[0], "")
    answers = card_of(alice).total.answers
    assert answers.sensitivity is None
    assert answers.specificity is not None
    text = text_of(client, CARD)
    together = table(text, "By month of the answer")["Together"]
    assert together == ["6 / 1 / 2", "too few cases", "1 / 1 / 8", "80.0 % (49.0 to 94.3 %)"]
    assert table(text, "Calibration by probability")["80 to 90 %"] == ["6", "too few cases", "too few cases"]


def test_ten_are_enough(client: Client, twenty: list[Diagnosis]) -> None:
    rows = table(text_of(client, CARD), "By month of the answer")
    assert rows["March 2026"] == ["7 / 1 / 2", "70.0 % (39.7 to 89.2 %)", "1 / 1 / 8", "80.0 % (49.0 to 94.3 %)"]
    assert rows["February 2026"] == ["0 / 0 / 0", "–", "0 / 0 / 0", "–"]


def test_no_outcome_no_figure(client: Client, alice: User) -> None:
    stored_result(alice)
    text = text_of(client, CARD)
    assert "No usable RT-PCR result is known" in text
    assert "<table" not in text
    assert "Sensitivity" not in text


def test_a_radiograph_counts_once_a_version(alice: User) -> None:
    """A radiograph counts once with the first answer and for each version with its own."""
    first = checked_result(alice, POSITIVE, "Negative", version="old")
    second = stored_result(alice, version="new", created=NOON + timedelta(hours=1))
    Diagnosis.objects.filter(pk=second.pk).update(study=first.study, outcome=POSITIVE)
    card = card_of(alice)
    assert card.total.answers.covid == Called(negative=1)
    versions = {version.version: score.answers.covid for version, score in card.versions}
    assert versions == {"old": Called(negative=1), "new": Called(positive=1)}


def test_the_month_is_that_of_the_answer(alice: User) -> None:
    checked_result(alice, POSITIVE, "Positive", created=FEBRUARY)
    checked_result(alice, POSITIVE, "Negative")
    parts = [part.answers.covid for part in card_of(alice).parts]
    assert parts[:3] == [Called(), Called(positive=1), Called(negative=1)]
    assert scorecard(alice, month_period(Month(2026, 2))).total.answers.covid == Called(positive=1)


@pytest.mark.parametrize(("days", "counts"), [(0, True), (14, True), (-14, True), (15, False), (-15, False)])
def test_samples_count_for_two_weeks(alice: User, days: int, counts: bool) -> None:
    day = date(2026, 3, 14)
    result = checked_result(alice, POSITIVE, "Positive", sampled=day + timedelta(days=days))
    assert Study.objects.get(pk=result.study_id).study_date == day
    card = card_of(alice)
    assert (card.total.answers.covid.positive, card.out_of_window) == (int(counts), int(not counts))


def test_where_a_day_is_not_known_the_outcome_counts(alice: User) -> None:
    checked_result(alice, POSITIVE, "Positive")
    other = checked_result(alice, POSITIVE, "Positive", sampled=date(2020, 1, 1))
    Study.objects.filter(pk=other.study_id).update(study_date=None)
    assert called(alice)[0].positive == 2


def test_withdrawn_outcomes_do_not_count(alice: User, charlie: User) -> None:
    """Voided studies withdrawn outcomes and other institutions do not count."""
    voided(checked_result(alice, POSITIVE, "Positive"))
    set_outcome(checked_result(alice, POSITIVE, "Positive"), "")
    checked_result(charlie, POSITIVE, "Positive")
    assert called(alice) == (Called(), Called())


def test_which_answers_were_followed_up_is_shown(client: Client, alice: User) -> None:
    for prediction, followed, all_ in (("Positive", 3, 4), ("Negative", 1, 10)):
        for number in range(all_):
            result = stored_result(alice, prediction=prediction)
            if number < followed:
                set_outcome(result, POSITIVE)
    card = card_of(alice)
    assert card.known == {
        Prediction.POSITIVE: Share(3, 4),
        Prediction.INDETERMINATE: Share(0, 0),
        Prediction.NEGATIVE: Share(1, 10),
    }
    text = text_of(client, CARD)
    assert "These figures are not a validation." in text
    assert table(text, "Answers with a known RT-PCR result")["Positive"][:2] == ["4", "3"]


def test_own_readings_are_compared(client: Client, alice: User, bob: User, twenty: list[Diagnosis]) -> None:
    for result, answer in zip(twenty[:4], ("Positive", "Positive", "Negative", "Indeterminate"), strict=True):
        read_blind(result, alice, answer)
    read_blind(twenty[0], bob, "Negative", at=NOW + timedelta(hours=1))  # the second reading of the same radiograph
    read_blind(twenty[-1], bob, "Negative")
    unknown = stored_result(alice)
    read_blind(unknown, alice, "Positive")
    comparison = card_of(alice).comparison
    assert comparison.readings == Answers(Called(2, 1, 1), Called(negative=1))
    assert comparison.answers == Answers(Called(positive=4), Called(negative=1))
    rows = table(text_of(client, CARD), "The same radiographs, read by people and by the model")
    assert rows["Radiographers, read blind"] == ["2 / 1 / 1", "too few cases", "0 / 0 / 1", "too few cases"]


def test_without_own_readings_nothing_is_compared(client: Client, twenty: list[Diagnosis]) -> None:
    assert "People and model" not in text_of(client, CARD)


def test_the_file_holds_the_figures_of_the_page(client: Client, twenty: list[Diagnosis]) -> None:
    rows = {(row["part"], row["name"]): row for row in lines(client, f"{CARD}2026/scorecard.csv")}
    total = rows["period", "2026"]
    assert total["rt_pcr_positive_called_positive"] == "7"
    assert total["rt_pcr_negative_called_negative"] == "8"
    assert float(total["sensitivity_low"]) == pytest.approx(0.3968, abs=1e-4)
    assert float(total["brier"]) == pytest.approx(3.415 / 20)
    assert rows["month", "2026-02"]["sensitivity"] == ""
    assert rows["followed_up", "Negative"]["answers"] == "10"
    assert ("month", "2026-04") not in rows
    assert len(lines(client, f"{CARD}scorecard.csv")) == len(rows) + 9  # April to December 2025 instead of none


def test_a_year_that_has_not_begun_is_not_found(client: Client) -> None:
    assert client.get(f"{CARD}2027/").status_code == 404
    assert client.get(f"{CARD}2027/scorecard.csv").status_code == 404
    assert 'rel="prev" href="/statistics/scorecard/2025/"' in text_of(client, f"{CARD}2026/")


def test_an_administrator_sees_no_patient(dora: User, charlie: User, twenty: list[Diagnosis]) -> None:
    """An administrator sees the institutions scorecard and no patient."""
    checked_result(charlie, POSITIVE, "Positive")
    assert called(dora) == (Called(7, 1, 2), Called(1, 1, 8))
    text = text_of(client_of(dora), CARD)
    assert "/results/" not in text


def test_query_count_does_not_grow(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for many in (1, 12):
        for number in range(many):
            read_blind(checked_result(alice, POSITIVE, "Positive", version=f"v-{number}"), alice, "Positive")
        client.get(CARD)
        with django_assert_num_queries(8):  # session, person, institution, reader studies, and four of the scorecard
            client.get(CARD)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plans")
def test_counts_come_from_an_index_alone(alice: User) -> None:
    """Counts are read from an index alone and only of the period."""
    period = year_period(2026)
    results = counted_results(alice).filter(rows_within(period.buckets, "created"))
    plan = results.values_list("prediction", "model_version", "requested_by", "review_state").distinct().explain()
    assert "COVERING INDEX diagnoses_by_date (institution_id=? AND standing=? AND created>? AND created<?)" in plan
    assert activity_of(alice, period).is_empty
