"""The worklist: in which order people read, who reads what, and how long it has waited."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Institution, User
from diagnosis.models import Claim, Diagnosis
from diagnosis.reviews.services import review_add
from diagnosis.worklist.services import claim_next, claim_take, claims_expired_delete
from tests.cast import client_of
from tests.rows import NOON, stored_result


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def rows(alice: User) -> dict[str, Diagnosis]:
    """By name, newest first; in the worklist: positive, unclear, old, new."""
    made = (("new", "Negative"), ("unclear", "Indeterminate"), ("positive", "Positive"), ("old", "Negative"))
    return {
        name: stored_result(alice, file_name=f"{name}.png", prediction=answer, created=NOON - timedelta(hours=hours))
        for hours, (name, answer) in enumerate(made)
    }


def names(client: Client) -> list[str]:
    return re.findall(r"<bdi>(\w+)\.png", client.get("/worklist/").content.decode())


def after(client: Client, row: Diagnosis | None = None) -> str:
    """Where *Next unreviewed* leads."""
    return client.post("/worklist/next/", {"after": str(row.uuid) if row else ""})["Location"]


def address(row: Diagnosis) -> str:
    return f"{row.get_absolute_url()}?worklist=1"


def reviewed(client: Client, row: Diagnosis, **more: str):
    said = {"review-conclusion": "unsure", **more}
    return client.post(f"{row.get_absolute_url()}review/?worklist=1", said)


def test_what_is_urgent_comes_first(client: Client, rows: dict[str, Diagnosis], charlie: User) -> None:
    stored_result(charlie, file_name="elsewhere.png")
    stored_result(rows["old"].requested_by, file_name="voided.png", is_voided=True)
    assert names(client) == ["positive", "unclear", "old", "new"]
    text = client.get("/worklist/").content.decode()
    assert "Positive or Indeterminate: 2." in text
    assert "since 15 Mar 2026, 09:00" in text
    assert "more than 24 hours: 4" in text


def test_a_blind_reader_gets_the_oldest_first(client: Client, alice: User, rows: dict[str, Diagnosis]) -> None:
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    assert names(client) == ["old", "positive", "unclear", "new"]
    text = client.get("/worklist/").content.decode()
    assert [word for word in ("label-positive", "Indeterminate", "probability") if word in text] == []
    assert after(client, rows["old"]) == address(rows["positive"])


def test_saving_leads_to_the_next(client: Client, rows: dict[str, Diagnosis]) -> None:
    text = client.get(address(rows["positive"])).content.decode()
    assert "1 of 4" in text
    assert "Save and open the next" in text
    assert reviewed(client, rows["positive"], then="next")["Location"] == address(rows["unclear"])
    assert reviewed(client, rows["unclear"])["Location"] == address(rows["unclear"])  # saved without going on
    assert "Still waiting for a review: 2" in client.get(address(rows["unclear"])).content.decode()
    assert after(client, rows["unclear"]) == address(rows["old"])
    assert after(client, rows["old"]) == address(rows["new"])
    assert after(client, rows["new"]) == address(rows["old"])  # what was passed over comes round
    for row in ("old", "new"):
        last = reviewed(client, rows[row], then="next")
    assert last["Location"] == "/worklist/"
    assert "No other result is waiting" in client.get("/worklist/").content.decode()


def test_outside_the_worklist_nothing_is_claimed(client: Client, rows: dict[str, Diagnosis]) -> None:
    text = client.get(rows["positive"].get_absolute_url()).content.decode()
    assert "Save and open the next" not in text
    assert "Next unreviewed" not in text
    client.post(f"{rows['positive'].get_absolute_url()}review/", {"review-conclusion": "unsure"})
    assert "Next unreviewed" in client.get(rows["positive"].get_absolute_url()).content.decode()
    assert not Claim.objects.exists()


def test_what_somebody_reads_is_nobodys_next(client: Client, bob: User, rows: dict[str, Diagnosis]) -> None:
    assert after(client_of(bob)) == address(rows["positive"])
    for shown in ("/worklist/", rows["positive"].get_absolute_url()):
        assert "<bdi>Bob</bdi> is reading this" in client.get(shown).content.decode()
    assert after(client) == address(rows["unclear"])
    assert "is reading this" not in client_of(bob).get(address(rows["positive"])).content.decode()
    client_of(bob).post(f"{rows['positive'].get_absolute_url()}review/", {"review-conclusion": "likely"})
    assert list(Claim.objects.values_list("reader__username", flat=True)) == ["alice"]


def test_a_claim_ends_by_itself(client: Client, bob: User, rows: dict[str, Diagnosis]) -> None:
    claim_take(user=bob, study=rows["positive"].study)
    Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert "is reading this" not in client.get("/worklist/").content.decode()
    assert after(client) == address(rows["positive"])
    Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert claims_expired_delete() == 1


def test_a_claim_keeps_nobody_from_a_review(client: Client, bob: User, rows: dict[str, Diagnosis]) -> None:
    claim_take(user=bob, study=rows["positive"].study)
    assert reviewed(client, rows["positive"]).status_code == 302
    rows["positive"].refresh_from_db()
    assert rows["positive"].review_state == "unsure"


def test_strangers_rows_are_not_to_be_had(client: Client, charlie: User) -> None:
    theirs = stored_result(charlie)
    for asked in (str(theirs.uuid), "rubbish"):
        assert client.post("/worklist/next/", {"after": asked}).status_code == 404
    assert after(client) == "/worklist/"
    assert not Claim.objects.exists()


def test_a_long_worklist_is_read_in_part(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnosis.worklist.queue.MOST", 2)
    for _ in range(3):
        stored_result(alice)
    assert 'home-number">2+<' in client.get("/worklist/").content.decode()


@pytest.fixture
def crowd(transactional_db: None) -> list[User]:
    hospital = Institution.objects.create(name="St. Anna")
    return [
        User.objects.create_user(f"r{number}", f"r{number}@example.org", institution=hospital, is_radiographer=True)
        for number in range(4)
    ]


@pytest.mark.django_db(transaction=True)
def test_four_at_once_get_four(crowd: list[User]) -> None:
    """People who ask for the next study at the same moment each get another one."""
    for _ in crowd:
        stored_result(crowd[0])
    start, got = Barrier(len(crowd)), list[Diagnosis | None]()

    def ask(user: User) -> None:
        start.wait()
        try:
            got.append(claim_next(user=user))
        finally:
            connection.close()

    threads = [Thread(target=ask, args=(user,)) for user in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row.pk for row in got if row}) == len(crowd)


def test_reviewed_meanwhile_is_not_handed_out(alice: User, bob: User, rows: dict[str, Diagnosis]) -> None:
    review_add(user=bob, diagnosis=rows["positive"], conclusion="likely")
    found = claim_next(user=alice)
    assert found is not None
    assert found.pk == rows["unclear"].pk
