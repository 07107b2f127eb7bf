"""The home page: one upload, what has been found today and this month, and the model that answers."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.errors import RadiographRejected
from diagnosis.inference.artifacts import BUILT, CURRENT
from diagnosis.models import ModelVersion, OwnReading, Refusal
from diagnosis.reviews.services import review_add
from diagnosis.studies.services import study_void
from diagnosis.uploads.services import refusal_add
from tests.cast import client_of
from tests.rows import stored_result
from tests.toy import ToyEngine
from tests.uploads import diagnosed

pytestmark = pytest.mark.usefixtures("toy_models")
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def client(alice: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Alice's browser, at noon of the fifteenth (the session is older than that and stays valid)."""
    client = client_of(alice)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return client


def text_of(client: Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def counts(text: str) -> dict[str, list[int]]:
    """The rows of the table of counts: answer to [today, this month]."""
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</th>(.*?)</tr>", text, re.S)
    plain = [(re.sub(r"<.*?>", "", head, flags=re.S).strip(), re.sub(r"<.*?>", " ", cells)) for head, cells in rows]
    return {head: [int(number) for number in cells.split()] for head, cells in plain}


def test_results_are_counted_by_answer(client: Client, alice: User, bob: User) -> None:
    for person, answer, created in (
        (alice, "Positive", NOW),
        (bob, "Positive", NOW),
        (alice, "Positive", YESTERDAY),
        (alice, "Indeterminate", NOW),
        (alice, "Negative", datetime(2026, 3, 1, tzinfo=UTC)),
        (alice, "Negative", datetime(2026, 2, 28, 23, 59, tzinfo=UTC)),
        (alice, "Negative", datetime(2025, 3, 15, 12, tzinfo=UTC)),
    ):
        stored_result(person, prediction=answer, created=created)
    for person, created in ((alice, NOW), (bob, YESTERDAY), (bob, datetime(2026, 2, 28, tzinfo=UTC))):
        Refusal.objects.create(user=person, institution=person.institution, reason="colour-photograph", created=created)
    assert counts(text_of(client)) == {
        "Positive": [2, 3],
        "Negative": [0, 1],
        "Indeterminate": [1, 1],
        "All": [3, 5],
        "Cannot be assessed": [1, 2],
    }


def test_a_refused_upload_is_counted(client: Client, bob: User, charlie: User) -> None:
    for person in (bob, charlie):
        refusal_add(user=person, error=RadiographRejected("No picture.", code="unknown-format"))
    assert counts(text_of(client))["Cannot be assessed"] == [1, 1]


def worklist_part(text: str) -> str:
    return text[text.index("worklist-heading") : text.index("counts-heading")]


def test_unreviewed_results_come_first(client: Client, alice: User, charlie: User) -> None:
    waiting, done, voided = (stored_result(alice, file_name=f"{name}.png") for name in ("waiting", "done", "voided"))
    stored_result(charlie, file_name="elsewhere.png")
    review_add(user=alice, diagnosis=done, conclusion="likely")
    study_void(user=alice, study=voided.study, reason="twice")
    part = worklist_part(text_of(client))
    assert re.findall(r"(\w+)\.png", part) == ["waiting"]
    assert re.findall(r'home-number">(.*?)<', part) == ["1"]
    listed = client.get("/worklist/").content.decode()
    assert waiting.study.file_name in listed
    assert "done.png" not in listed
    review_add(user=alice, diagnosis=waiting, conclusion="likely")
    assert "No result is waiting for a review" in worklist_part(text_of(client))


def test_very_many_are_not_counted_to_the_end(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnosis.worklist.queue.MOST", 2)
    for number, said in enumerate(("1", "2", "2+", "2+"), start=1):
        stored_result(alice)
        assert f'home-number">{said}<' in text_of(client), number


def test_a_blind_reader_sees_no_answers(client: Client, alice: User) -> None:
    """Who reads blind sees no answer before reading and no count that tells it."""
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    hidden, read = (stored_result(alice, created=NOW) for _ in range(2))
    OwnReading.objects.create(study=read.study, reader=alice, conclusion="likely")
    text = text_of(client)
    assert counts(text)["Positive"] == [1, 1]
    assert counts(text)["Hidden until you have read it"] == [1, 1]
    assert counts(text)["All"] == [2, 2]
    rows = text[text.index("recent-heading") :]
    for result, shown in ((hidden, False), (read, True)):
        row = rows[rows.index(result.get_absolute_url()) :]
        assert ("label-positive" in row[: row.index("</a>")]) is shown


def test_foreign_results_are_not_counted(client: Client, charlie: User) -> None:
    stored_result(charlie, created=NOW)
    assert counts(text_of(client))["All"] == [0, 0]


def test_days_begin_at_midnight_where_the_person_is(client: Client, alice: User) -> None:
    stored_result(alice, created=datetime(2026, 3, 14, 17, tzinfo=UTC))
    stored_result(alice, created=datetime(2026, 2, 28, 17, tzinfo=UTC))
    assert counts(text_of(client))["All"] == [0, 1]
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Kuching")  # eight hours ahead
    assert counts(text_of(client))["All"] == [1, 2]


def test_today_is_the_persons_own_day(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    stored_result(alice, created=NOW)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(hours=8))
    assert counts(text_of(client))["All"] == [1, 1]
    User.objects.filter(pk=alice.pk).update(
        time_zone="Asia/Kuching"
    )  # where it is four in the morning of the sixteenth
    assert counts(text_of(client))["All"] == [0, 1]


def test_a_number_leads_to_the_list_of_just_those(client: Client, alice: User) -> None:
    wanted = stored_result(alice, file_name="wanted.png", created=NOW)
    stored_result(alice, file_name="other.png", prediction="Negative", created=NOW)
    stored_result(alice, file_name="older.png", created=YESTERDAY)
    (address,) = re.findall(r'href="(/results/\?prediction=Positive&amp;since=2026-03-15)"', text_of(client))
    listed = client.get(address.replace("&amp;", "&")).content.decode()
    assert wanted.study.file_name in listed
    assert "other.png" not in listed
    assert "older.png" not in listed


def test_query_count_does_not_grow(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The page costs as many queries for many results as for one."""
    for many, queries in ((1, 15), (12, 16)):
        for _index in range(many):
            stored_result(alice, created=NOW)
        # session, person, institution, reader studies; of the worklist the keys (twice), rows, claims;
        # of the newest the keys and the rows; counts, refused;
        # and the audit's entry in a transaction of its own: begun, end moved, entry, ended
        with django_assert_num_queries(queries):
            client.get("/")


def test_the_model_in_use_is_named_and_linked(client: Client) -> None:
    text = text_of(client)
    assert '<a href="/models/toy-1/">toy-1</a>' in text
    assert "No model is ready" not in text


def test_without_a_model_the_page_warns(client: Client, toy_models: Path) -> None:
    (toy_models / CURRENT).unlink()
    text = text_of(client)
    assert "No model is ready" in text
    assert "No model is in use." in text
    assert "Model in use:" not in text


@pytest.mark.parametrize("name", [BUILT, "serving.bin", "model_card.json"])
def test_a_model_with_a_file_missing_is_warned_of(client: Client, toy_models: Path, name: str) -> None:
    (toy_models / "toy-1" / name).unlink()
    assert "No model is ready" in text_of(client)


def test_the_model_in_use_is_the_one_loaded(client: Client, alice: User, engine: ToyEngine, toy_models: Path) -> None:
    diagnosed(alice)
    (toy_models / CURRENT).unlink()
    assert ModelVersion.objects.get().version == "toy-1"
    assert "Model in use:" in text_of(client)


def test_an_administrator_is_warned_too(client: Client, dora: User, toy_models: Path) -> None:
    administrator = client_of(dora)
    assert "/models/toy-1/" in text_of(administrator)
    (toy_models / CURRENT).unlink()
    text = text_of(administrator)
    assert "No model is ready" in text
    assert counts(text) == {}


def test_a_row_names_patient_and_probability(client: Client, alice: User) -> None:
    stored_result(alice, patient_id="K-7", patient_name="Curie Marie", probability=0.43, file_name="IM1")
    rows = worklist_part(text_of(client))
    for part in ("Curie Marie", "K-7", "IM1", "COVID probability 43\N{NO-BREAK SPACE}%"):
        assert part in rows
    assert "Not reviewed" not in rows  # that is above them
