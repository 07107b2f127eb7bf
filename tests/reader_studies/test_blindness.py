"""A reader who wants to see the answer before reading: each other door is tried, and opens again afterwards.

That no page of `diagnosis` varies with a hidden answer is in tests/diagnosis/reviews/test_blind_pages.py.
"""

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Institution, User
from diagnosis.imaging.rendering import heat_map_to_png
from diagnosis.models import Diagnosis, Embargo
from diagnosis.reviews.blinding import conceal, hidden_studies, revealed_to
from diagnosis.reviews.services import AdditionRefused, outcome_add, reading_add, review_add
from pacs.models import Outgoing
from pacs.services import outgoing_add
from reader_studies.models import Reader, Reading
from reader_studies.services import reader_leave, reader_study_close, reader_study_create
from tests.api.programs import program_of
from tests.cast import client_of, person
from tests.pacs.peers import peer_of
from tests.reader_studies.studies import joined, opened, read_next, results_stored, shown


def again(user: User) -> User:
    """As the next request has it."""
    return User.objects.get(pk=user.pk)


def number_hidden(user: User) -> int:
    return len(hidden_studies(again(user), Diagnosis.objects.values_list("study", flat=True)))


@pytest.fixture
def rita(hospital: Institution) -> User:
    return person("rita", hospital, is_radiographer=True)


@pytest.fixture
def stored(alice: User) -> list[Diagnosis]:
    return results_stored(alice)


def test_hidden_from_joining_until_read(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """From nobody before they join, from nobody else, and of one case no longer than until it is read."""
    study = opened(alice, [bob, rita], design="without")
    assert [number_hidden(user) for user in (alice, bob, rita)] == [0, 0, 0]
    reader = joined(study, bob)
    assert [number_hidden(user) for user in (alice, bob, rita)] == [0, 20, 0]
    read = read_next(reader, "likely")
    assert number_hidden(bob) == 19
    assert read.case.study_id not in hidden_studies(again(bob), [read.case.study_id])
    reader_study_close(actor=alice, reader_study=study)
    assert number_hidden(bob) == 0
    assert not Embargo.objects.exists()


def test_in_a_crossover_until_both_are_read(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """The answer that was shown in the first session stays hidden elsewhere until the case is read without it."""
    reader = joined(opened(alice, [bob, rita]), bob)
    for _ in range(20):
        read_next(reader, "likely")
    assert number_hidden(bob) == 20
    read_next(reader, "likely")
    assert number_hidden(bob) == 19


def test_who_leaves_sees_everything(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    reader = joined(opened(alice, [bob, rita]), bob)
    reader_leave(reader=reader)
    assert number_hidden(bob) == 0


def test_what_was_shown_is_not_read_blind(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """A person who reads blind has seen an answer that the reader study showed: no own reading comes before it."""
    User.objects.filter(pk=bob.pk).update(reads_blind=True)
    reader = joined(opened(alice, [bob, rita]), bob)
    while not reader.readings.filter(with_answer=True).exclude(answered=None).exists():
        read_next(reader, "likely")
    reader_leave(reader=reader)
    seen = reader.readings.filter(with_answer=True).exclude(answered=None)[0].case.study
    assert number_hidden(bob) == 19
    assert set(revealed_to(again(bob), Diagnosis.objects.all()).values_list("study", flat=True)) == {seen.pk}
    with pytest.raises(AdditionRefused, match="own reading"):
        reading_add(user=again(bob), study=seen, conclusion="likely")


def test_every_door(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """Lists, filters, order, files, results, the API, what was sent to the PACS; and nothing can be added to see it."""
    row = stored[0]
    peer = peer_of(alice.institution)
    outgoing_add(peer=peer, row=Outgoing(diagnosis=row, kind="sr", sop_instance_uid="1.2.3"))
    joined(opened(alice, [bob, rita], design="without"), bob)
    client, program = client_of(bob), program_of(again(bob))
    assert "leaves out radiographs of a reader study" in text(client, "/results/?prediction=Positive")
    for query in ("prediction=Positive", "outcome=positive", "low=1", "sort=highest", "q=positive&prediction=Negative"):
        assert "list-file" not in text(client, f"/results/?{query}")
        assert not program.get(f"/api/results/?{query}").json()["results"]
    for answer in (*program.get("/api/results/").json()["results"], program.get(f"/api/results/{row.uuid}/").json()):
        assert (answer["is_hidden"], answer["answer"]) == (True, None)
    assert program.get(f"/api/results/{row.uuid}/fhir/").status_code == 403
    for name in ("heat-map", "report-make"):
        address = reverse(f"diagnosis:{name}", args=[row.uuid])
        assert (client.post(address) if name == "report-make" else client.get(address)).status_code == 403
    page = text(client, row.get_absolute_url())
    assert "take part in a reader study" in page
    assert 'name="reading-conclusion"' not in page
    assert "Positive" not in text(client, "/results/export/?")
    assert conceal(again(bob), [row])[0].probability is None
    assert not Outgoing.objects.shown_to(again(bob)).exists()
    for add in (
        lambda: reading_add(user=again(bob), study=row.study, conclusion="likely"),
        lambda: review_add(user=again(bob), diagnosis=Diagnosis.objects.get(pk=row.pk), conclusion="likely"),
        lambda: outcome_add(user=again(bob), study=row.study, result="positive", sampled=None),
    ):
        with pytest.raises(AdditionRefused, match="reader study"):
            add()


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]


def test_urgent_first_does_not_tell(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """In the worklist the hidden ones are where they would be if they were Negative."""
    from diagnosis.worklist.queue import waiting

    assert waiting(again(bob)).urgent == 10
    joined(opened(alice, [bob, rita], design="without"), bob)
    found = waiting(again(bob))
    assert (found.urgent, len(found.pks)) == (0, 20)
    assert list(found.pks) == sorted(found.pks)


def page_of_case(client: Client, reader: Reader) -> str:
    return text(client, reverse("reader_studies:read", args=[reader.reader_study.uuid]))


def test_the_page_of_a_case(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """No patient, no file, no identifier of the study; the answer and its heat map only where the design shows it."""
    reader = joined(opened(alice, [bob, rita]), bob)
    client, seen = client_of(bob), set[bool]()
    Diagnosis.objects.update(heat_map=heat_map_to_png(np.ones((2, 2), dtype=np.float32)))
    while len(seen) < 2:
        reading = shown(reader)
        case = reading.case
        page = page_of_case(client, reader)
        for named in (case.study.uuid, case.diagnosis.uuid, case.study.file_name, case.uuid):
            assert str(named) not in page
        assert ("COVID probability" in page) == reading.with_answer
        assert ("heat-map" in page) == reading.with_answer
        status = client.get(reverse("reader_studies:heat-map", args=[reading.uuid])).status_code
        assert status == (200 if reading.with_answer else 404)
        seen.add(reading.with_answer)
        read_next(reader, "likely")


def test_pictures_of_the_case_in_front_only(
    alice: User, bob: User, rita: User, charlie: User, stored: list[Diagnosis]
) -> None:
    """Not of one that was answered, of a later one, of another reader's; and of no one's who does not read."""
    study = opened(alice, [bob, rita], design="without")
    reader = joined(study, bob)
    answered, front = read_next(reader, "likely"), shown(reader)
    later = Reading.objects.get(reader=reader, place=9)
    shown_to_bob = set(Reading.objects.shown_to(again(bob)).values_list("pk", flat=True))
    assert shown_to_bob == {front.pk}
    for user in (alice, rita, charlie):
        assert not Reading.objects.shown_to(user).exists()
    for reading in (answered, later):
        assert client_of(bob).get(reverse("reader_studies:display", args=[reading.uuid])).status_code == 404


def test_another_reader_study_tells_nothing(alice: User, bob: User, rita: User, stored: list[Diagnosis]) -> None:
    """Bob reads one: as the leader of another he finds none of its cases, and results that hold them wait."""
    results = opened(bob, [alice, rita], design="without")
    reader_study_close(actor=bob, reader_study=results)
    addresses = [reverse(f"reader_studies:{name}", args=[results.uuid]) for name in ("results", "results-file")]
    client = client_of(bob)
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    reader = joined(opened(alice, [bob, rita], design="without"), bob)
    assert [client.get(address).status_code for address in addresses] == [302, 302]
    draft = reader_study_create(actor=bob, name="x", design="without", washout_days=0)
    choosing = reverse("reader_studies:cases", args=[draft.uuid])
    assert "0 RT-PCR positive, 0 negative, 0 without" in text(client, f"{choosing}?q=positive")
    reader_leave(reader=reader)
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    assert "10 RT-PCR positive, 0 negative, 0 without" in text(client, f"{choosing}?q=positive")
