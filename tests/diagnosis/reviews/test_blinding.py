"""Blind reading: who may not see an answer yet, and that a concealed row has none."""

import pytest
from django.template import Context, Template
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.models import AnswerHidden, Diagnosis, OwnReading, Review
from diagnosis.reviews.blinding import conceal, hidden_studies, is_hidden, revealed_to
from diagnosis.wording.answers import in_words
from tests.rows import stored_result


@pytest.fixture
def blind(alice: User) -> User:
    alice.reads_blind = True
    alice.save()
    return alice


def read(user: User, result: Diagnosis) -> None:
    OwnReading.objects.create(study=result.study, reader=user, conclusion="unlikely")


def test_only_a_blind_reader_has_it_hidden(blind: User, bob: User) -> None:
    result = stored_result(bob)
    assert is_hidden(blind, result)
    assert not is_hidden(bob, result)


def test_only_an_own_reading_reveals_it(blind: User, bob: User) -> None:
    """An own reading or an own review reveals it and a colleague's does not."""
    read_one, reviewed, colleagues = (stored_result(bob) for _ in range(3))
    read(blind, read_one)
    read(bob, colleagues)
    Review.objects.create(diagnosis=reviewed, reviewer=blind, verdict="agrees", conclusion="likely")
    Review.objects.create(diagnosis=colleagues, reviewer=bob, verdict="agrees", conclusion="likely")
    studies = [result.study_id for result in (read_one, reviewed, colleagues)]
    assert hidden_studies(blind, studies) == {colleagues.study_id}
    assert set(revealed_to(blind, Diagnosis.objects.all())) == {read_one, reviewed}
    assert set(revealed_to(bob, Diagnosis.objects.all())) == {read_one, reviewed, colleagues}


def test_one_query_for_many_rows(blind: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    results = [stored_result(bob) for _ in range(5)]
    for person, queries in ((blind, 2), (bob, 1), (bob, 0)):  # one of them asks once whether a reader study hides any
        with django_assert_num_queries(queries):
            hidden_studies(person, (result.study_id for result in results))


def test_a_concealed_row_has_no_answer_left(blind: User, bob: User) -> None:
    (row,) = conceal(blind, [stored_result(bob, probability=0.73)])
    assert row.is_hidden
    assert "0.73" not in str(vars(row))
    assert "Positive" not in str(vars(row))
    with pytest.raises(AnswerHidden):
        in_words(row)
    template = Template(
        "{% load answers %}{{ row|probability }}{{ row|covid_probability }}{{ row.get_prediction_display }}"
    )
    assert template.render(Context({"row": row})) == ""


def test_a_row_that_was_read_stays_as_it_is(blind: User, bob: User) -> None:
    result = stored_result(bob, probability=0.73)
    read(blind, result)
    (row,) = conceal(blind, [result])
    assert (row.is_hidden, row.prediction, row.probability) == (False, "Positive", 0.73)
