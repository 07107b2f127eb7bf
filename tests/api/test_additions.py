"""Reviews, outcomes and readings through the API, and blind reading: what is hidden on pages is hidden here."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from diagnosis.models import Diagnosis, OwnReading, Review
from diagnosis.reviews.services import outcome_add, reading_add, review_add
from diagnosis.studies.services import study_void
from tests.api.programs import RESULTS, post, program_of, send
from tests.diagnosis.reports.made import made
from tests.uploads import radiograph_png

TODAY = timezone.localdate().isoformat()


def add(client: Client, diagnosis: Diagnosis, what: str, **body: Any):
    return post(client, f"{RESULTS}{diagnosis.uuid}/{what}/", body)


class TestReviews:
    def test_one_is_stored_and_the_result_is_answered(self, program: Client, diagnosis: Diagnosis, alice: User) -> None:
        answer = add(program, diagnosis, "review", conclusion="unsure", findings=["heart", "effusion"], reason="Dark")
        assert (answer.status_code, answer.json()["review_state"]) == (201, "unsure")
        review = Review.objects.get()
        assert (review.reviewer, review.findings, review.reason) == (alice, ["effusion", "heart"], "Dark")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "conclusion"),
            ({"conclusion": "unreviewed"}, "conclusion"),
            ({"conclusion": "unlikely"}, "reason"),
            ({"conclusion": "likely", "reason": "x" * 2001}, "reason"),
            ({"conclusion": "likely", "findings": ["halo"]}, "findings"),
        ],
    )
    def test_what_is_wrong_is_named_in_the_pages_words(
        self, program: Client, diagnosis: Diagnosis, body: dict[str, Any], field: str
    ) -> None:
        answer = add(program, diagnosis, "review", **body)
        assert (answer.status_code, set(answer.json()["fields"])) == (422, {field})
        assert not Review.objects.exists()

    def test_fields_of_the_row_cannot_be_sent(self, program: Client, diagnosis: Diagnosis, bob: User) -> None:
        add(program, diagnosis, "review", conclusion="likely", reviewer=str(bob.pk), uuid="x")
        assert Review.objects.get().reviewer != bob

    def test_a_voided_study_takes_none(self, program: Client, diagnosis: Diagnosis, alice: User) -> None:
        study_void(user=alice, study=diagnosis.study, reason="wrong")
        answer = add(program, diagnosis, "review", conclusion="likely")
        assert (answer.status_code, "voided" in answer.json()["detail"]) == (409, True)

    @pytest.mark.parametrize("body", ["{", "", "[1]", "null", '{"conclusion": ["likely"]}', '{"reason": "\\ud800"}'])
    def test_a_broken_body_is_no_fault(self, program: Client, diagnosis: Diagnosis, body: str) -> None:
        answer = program.post(f"{RESULTS}{diagnosis.uuid}/review/", body, content_type="application/json")
        assert answer.status_code in (400, 422)
        assert answer.json()["code"]


class TestOutcomes:
    def test_one_is_stored_and_taken_back(self, program: Client, diagnosis: Diagnosis) -> None:
        answer = add(program, diagnosis, "outcome", result="positive", sampled=TODAY)
        assert answer.json()["outcome"] == {"result": "positive", "sampled": TODAY}
        assert add(program, diagnosis, "outcome", result="none").json()["outcome"] is None

    @pytest.mark.parametrize(
        "body",
        [{"result": "positive"}, {"result": "none"}, {"result": "positive", "sampled": "2019-01-01"}, {"result": "x"}],
    )
    def test_one_that_cannot_be_is_refused(self, program: Client, diagnosis: Diagnosis, body: dict[str, str]) -> None:
        assert add(program, diagnosis, "outcome", **body).status_code == 422


def test_each_is_recorded(program: Client, diagnosis: Diagnosis) -> None:
    start = AuditEntry.objects.count()
    add(program, diagnosis, "review", conclusion="likely")
    add(program, diagnosis, "outcome", result="positive", sampled=TODAY)
    actions = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))[start:]
    assert actions == ["study-reviewed", "result-viewed", "study-outcome", "result-viewed"]


class TestBlindReading:
    @pytest.fixture
    def blind(self, bob: User, alice: User, diagnosis: Diagnosis) -> Client:
        """Bob, who reads blind, of a study that Alice has reviewed, read, and reported."""
        review_add(user=alice, diagnosis=diagnosis, conclusion="likely", reason="Clear.")
        outcome_add(user=alice, study=diagnosis.study, result="positive", sampled=timezone.localdate())
        made(alice, diagnosis)
        User.objects.filter(pk=bob.pk).update(reads_blind=True)
        return program_of(User.objects.get(pk=bob.pk))

    def test_a_hidden_result_reveals_no_answer(self, blind: Client, diagnosis: Diagnosis) -> None:
        for found in (blind.get(f"{RESULTS}{diagnosis.uuid}/").json(), send(blind, radiograph_png()).json()["result"]):
            assert found["is_hidden"]
            assert (found["answer"], found["review_state"], found["outcome"]) == (None, None, None)
            assert (found["reviews"], found["readings"], found["reports"]) == ([], [], [])
            assert not {"0.31", "Positive", "positive", "agrees", "Clear."} & set(str(found).replace("'", " ").split())

    def test_nor_does_the_list(self, blind: Client) -> None:
        (row,) = blind.get(RESULTS).json()["results"]
        assert (row["is_hidden"], row["answer"], row["review_state"], row["outcome"]) == (True, None, None, None)

    @pytest.mark.parametrize(
        "asked",
        [{"prediction": "Positive"}, {"low": "1"}, {"outcome": "positive"}, {"review": "agrees"}, {"sort": "highest"}],
    )
    def test_nor_does_being_listed(self, blind: Client, asked: dict[str, str]) -> None:
        assert blind.get(RESULTS, asked).json()["results"] == []

    def test_hidden_results_refuse_additions(self, blind: Client, diagnosis: Diagnosis, alice: User) -> None:
        report = diagnosis.reports.get()
        asked = [
            blind.get(f"{RESULTS}{diagnosis.uuid}/heat-map/"),
            blind.get(f"/api/reports/{report.uuid}/"),
            blind.get(f"/api/reports/{report.uuid}/file/"),
            add(blind, diagnosis, "reports"),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in asked] == [(403, "answer-hidden")] * 4
        assert add(blind, diagnosis, "review", conclusion="likely").status_code == 409
        assert add(blind, diagnosis, "outcome", result="negative", sampled=TODAY).status_code == 409

    def test_the_radiograph_itself_is_open(self, blind: Client, diagnosis: Diagnosis) -> None:
        answer = blind.get(f"/api/studies/{diagnosis.study.uuid}/display/")
        assert (answer.status_code, len(answer.getvalue()) > 0) == (200, True)

    def test_the_own_reading_opens_it(self, blind: Client, diagnosis: Diagnosis, bob: User) -> None:
        answer = add(blind, diagnosis, "reading", conclusion="unlikely", note="Nothing.")
        assert (answer.status_code, answer.json()["is_hidden"]) == (201, False)
        assert answer.json()["answer"]["prediction"] == "Positive"
        assert OwnReading.objects.get().reader == bob
        assert blind.get(f"{RESULTS}{diagnosis.uuid}/heat-map/").status_code == 200

    def test_who_reads_openly_gives_none(self, program: Client, diagnosis: Diagnosis) -> None:
        assert add(program, diagnosis, "reading", conclusion="unlikely").status_code == 409
        assert add(program, diagnosis, "reading", conclusion="x").status_code == 422

    def test_a_given_reading_stays(self, blind: Client, diagnosis: Diagnosis, bob: User) -> None:
        reading_add(user=User.objects.get(pk=bob.pk), study=diagnosis.study, conclusion="likely")
        add(blind, diagnosis, "reading", conclusion="unlikely")
        assert OwnReading.objects.get().conclusion == "likely"
