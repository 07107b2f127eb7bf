"""Who may do what on the pages of a reader study, and what they say."""

import csv

import pytest
from django.urls import reverse

from accounts.models import Institution, User
from diagnosis.models import Diagnosis
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create
from reader_studies.models import ReaderStudy, Reading
from reader_studies.services import reader_study_close, readers_set
from tests.accounts.messages import sent
from tests.cast import client_of, person
from tests.reader_studies.studies import drafted, joined, opened, read_all, results_stored, right, shown
from tests.reader_studies.test_blindness import text


def to(name: str, study: ReaderStudy) -> str:
    return reverse(f"reader_studies:{name}", args=[study.uuid])


@pytest.fixture
def rita(hospital: Institution) -> User:
    return person("rita", hospital, is_radiographer=True)


@pytest.fixture
def stored(alice: User) -> list[Diagnosis]:
    return results_stored(alice)


def test_only_the_leader_leads(alice: User, bob: User, rita: User, charlie: User, stored: list[Diagnosis]) -> None:
    """A draft is its leader's alone; of an open one a reader sees the page, and no one else anything."""
    draft = drafted(alice)
    for who in (bob, charlie):
        assert client_of(who).get(to("study", draft)).status_code == 404
    study = opened(alice, [bob, rita])
    assert [client_of(who).get(to("study", study)).status_code for who in (alice, bob, charlie)] == [200, 200, 404]
    for name in ("readers", "open", "close", "delete"):
        assert [client_of(who).post(to(name, study)).status_code for who in (bob, charlie)] == [404, 404]
    assert client_of(bob).get(to("cases", study)).status_code == 404
    for name in ("join", "leave"):
        assert client_of(alice).post(to(name, study)).status_code == 404
    assert ReaderStudy.objects.get(pk=study.pk).state == "open"


def test_readers_are_asked_by_mail(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """Once, when it opens: with a link, and with nothing that somebody may have written into its name."""
    study = drafted(alice)
    readers_set(actor=alice, reader_study=study, people=[bob, rita])
    for _ in range(2):
        client_of(alice).post(to("open", study))
    assert sorted(message.to[0] for message in sent()) == sorted([bob.email, rita.email])
    assert study.get_absolute_url() in str(sent()[0].body)
    assert study.name not in str(sent()[0].body) + str(sent()[0].subject)


def test_no_results_while_it_is_open(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    study = opened(alice, [bob, rita])
    for who in (alice, bob):
        for name in ("results", "results-file"):
            assert client_of(who).get(to(name, study))["Location"] == study.get_absolute_url()


def test_a_wrong_form_says_what_is_missing(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """A case without a step, or with one that contradicts the conclusion, is not stored."""
    study = opened(alice, [bob, rita], design="without")
    reading = shown(joined(study, bob))
    said = {"reading": str(reading.uuid), "case-conclusion": "likely"}
    for more, why in (({}, "Choose how likely COVID is."), ({"case-suspicion": "1"}, "contradicts your conclusion")):
        answer = client_of(bob).post(to("read", study), said | more)
        assert (answer.status_code, why in answer.content.decode()) == (422, True)
    assert not Reading.objects.exclude(answered=None).exists()


def test_the_second_tab_gets_the_next_case(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    study = opened(alice, [bob, rita], design="without")
    reading = shown(joined(study, bob))
    client = client_of(bob)
    for conclusion, step in (("likely", "5"), ("unlikely", "1")):
        said = {"reading": str(reading.uuid), "case-conclusion": conclusion, "case-suspicion": step}
        client.post(to("read", study), said)
    assert list(Reading.objects.exclude(answered=None).values_list("conclusion", "suspicion")) == [("likely", 5)]
    assert "its first answer counts" in text(client, to("read", study))


def test_results_name_nobody_to_readers(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """The leader sees names and gets to the radiographs; a reader sees numbers, and which one is their own."""
    study = opened(alice, [bob, rita])
    for who in (bob, rita):
        read_all(joined(study, who), right if who is bob else lambda _reading: "unsure")
    assert client_of(alice).post(to("close", study)).status_code == 302
    leaders, bobs = text(client_of(alice), to("results", study)), text(client_of(bob), to("results", study))
    assert "(Rita)" in leaders
    assert "(you)" in bobs
    assert "Rita" not in bobs
    assert "/studies/" in leaders
    assert "/studies/" not in bobs


def test_the_file_has_numbers_only(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    canary = patient_get_or_create(user=alice, details=PatientDetails("CANARY", "Canary"))
    stored[0].study.__class__.objects.filter(pk=stored[0].study_id).update(patient=canary)
    study = opened(alice, [bob, rita], design="without")
    read_all(joined(study, bob), right)
    reader_study_close(actor=alice, reader_study=study)
    content = text(client_of(alice), to("results-file", study))
    rows = list(csv.DictReader(content.removeprefix("\ufeff").splitlines()))
    readers = {row["reader"] for row in rows}
    assert len(rows) == 40
    assert readers == {"model", str(study.readers.get(person=bob).number)}
    for word in ("CANARY", "Canary", "Bob", "bob", ".png", str(stored[0].study.uuid), str(stored[0].uuid)):
        assert word not in content
