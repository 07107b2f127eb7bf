"""Every address of the API, for everybody who might ask for it with a token. A new address without a row here fails."""

import uuid
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.services import person_suspend, profile_update
from api.urls import urlpatterns
from diagnosis.models import Diagnosis
from tests.api.programs import RESULTS, anonymous, bearing, post, program_of, send, sign_in
from tests.cast import client_of, person
from tests.diagnosis.reports.made import made
from tests.uploads import diagnosed, radiograph_png, stored_files, unanswered


@dataclass(frozen=True)
class Row:
    """The status for a radiographer of the institution; for one of another; for an administrator without that role.

    No token, a suspended person, a changed password: 401 everywhere but at the sign-in.
    """

    method: str
    radiographer: int
    other: int
    administrator: int
    argument: str = ""


def of(argument: str, radiographer: int = 200, method: str = "get") -> Row:
    return Row(method, radiographer, 404, 403, argument)


TABLE = {
    "sign-in": Row("post", 422, 422, 422),
    "sign-out": Row("post", 204, 204, 204),
    "results": Row("get", 200, 200, 403),
    "result": of("diagnosis"),
    "heat-map": of("diagnosis"),
    "opacity-map": of("diagnosis"),
    "fhir": of("diagnosis"),
    "reading": of("diagnosis", 422, "post"),
    "review": of("diagnosis", 422, "post"),
    "outcome": of("diagnosis", 422, "post"),
    "reports": of("diagnosis", 201, "post"),
    "report": of("report"),
    "report-file": of("report"),
    "display": of("study"),
    "thumbnail": of("study"),
    "full": of("study"),
    "original": of("study"),
    "unanswered": Row("get", 200, 200, 403),
    "unanswered-study": of("study without an answer"),
    "jobs": Row("get", 200, 200, 403),
    # Of the person who started it only: test_jobs.py.
    "job": Row("get", 404, 404, 403, "no job"),
    "job-items": Row("get", 404, 404, 403, "no job"),
    **dict.fromkeys(["job-stop", "job-go-on", "job-retry"], Row("post", 404, 404, 403, "no job")),
    "schema": Row("get", 200, 200, 200),
}


def test_every_address_has_a_row() -> None:
    # The page of the documentation is one of the site's: its row is in covidxray/test_access.py.
    assert {str(pattern.name) for pattern in urlpatterns} - {"docs"} == set(TABLE)


@pytest.fixture
def arguments(alice: User, diagnosis: Diagnosis) -> dict[str, list[object]]:
    report = made(alice, diagnosis)
    Diagnosis.objects.filter(pk=diagnosis.pk).update(opacity_map=diagnosis.heat_map)
    return {
        "": [],
        "diagnosis": [diagnosis.uuid],
        "study": [diagnosis.study.uuid],
        "study without an answer": [unanswered(alice).uuid],
        "report": [report.uuid],
        "no job": [uuid.uuid4()],
    }


def status_of(client: Client, method: str, address: str) -> int:
    answer = client.get(address) if method == "get" else post(client, address)
    answer.getvalue()  # reading a file to its end closes it
    return answer.status_code


@pytest.fixture
def suspended(bob: User) -> Client:
    client = program_of(bob)
    person_suspend(actor=None, person=bob, reason="left")
    return client


@pytest.fixture
def with_changed_password(alice: User) -> Client:
    eve = person("eve", alice.institution, is_radiographer=True)
    client = program_of(eve)
    eve.set_password("another one that is long")
    eve.save()
    return client


@pytest.mark.parametrize("name", TABLE)
def test_everybody_gets_what_is_theirs(
    name: str,
    arguments: dict[str, list[object]],
    suspended: Client,
    with_changed_password: Client,
    alice: User,
    charlie: User,
    dora: User,
) -> None:
    row = TABLE[name]
    address = reverse(f"api:{name}", args=arguments[row.argument])
    colleague = person("cleo", alice.institution, is_radiographer=True)
    outside = row.radiographer if name == "sign-in" else 401
    people = {
        "nobody": (anonymous(), outside),
        "a browser in which alice is signed in": (client_of(alice), outside),
        "suspended": (suspended, outside),
        "with a changed password": (with_changed_password, outside),
        "alice, who uploaded": (program_of(alice), row.radiographer),
        "cleo, a colleague": (program_of(colleague), row.radiographer),
        "charlie of another institution": (program_of(charlie), row.other),
        "dora, an administrator": (program_of(dora), row.administrator),
    }
    seen = {who: status_of(client, row.method, address) for who, (client, _) in people.items()}
    assert seen == {who: status for who, (_, status) in people.items()}


@pytest.mark.usefixtures("engine")
class TestUploading:
    @pytest.mark.parametrize(("who", "status"), [("alice", 201), ("charlie", 201), ("dora", 403)])
    def test_only_radiographers_do(self, who: str, status: int, request: pytest.FixtureRequest) -> None:
        assert send(program_of(request.getfixturevalue(who)), radiograph_png()).status_code == status

    def test_others_do_not_and_nothing_is_kept(self, alice: User, media_root) -> None:
        for client in (anonymous(), client_of(alice), bearing("x")):
            assert send(client, radiograph_png()).status_code == 401
        assert (Diagnosis.objects.count(), stored_files(media_root)) == (0, [])


@pytest.mark.usefixtures("engine")
class TestScope:
    def test_a_stranger_finds_nothing_in_the_list(self, alice: User, charlie: User) -> None:
        theirs = diagnosed(alice)
        client = program_of(charlie)
        assert client.get(RESULTS).json()["results"] == []
        assert client.get(RESULTS, {"after": str(theirs.uuid)}).status_code == 404

    def test_narrowed_scope_hides_a_colleagues(self, diagnosis: Diagnosis, bob: User, settings: Settings) -> None:
        settings.RADIOGRAPHERS_SEE = "own"
        client = program_of(bob)
        assert client.get(f"{RESULTS}{diagnosis.uuid}/").status_code == 404
        assert client.get(RESULTS).json()["results"] == []

    def test_addresses_that_name_nothing_are_404_in_json(self, program: Client) -> None:
        for address in ("/api/", "/api/nothing/", "/api/results/1/", f"{RESULTS}00000000-0000-4000-8000-000000000000/"):
            answer = program.get(address)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), address

    def test_other_methods_are_405(self, program: Client) -> None:
        for method in ("put", "patch", "delete", "options", "trace"):
            answer = getattr(program, method)(RESULTS)
            assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
            assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_the_persons_language_and_time_zone(alice: User, diagnosis: Diagnosis) -> None:
    profile_update(user=alice, values={"language": "ms", "time_zone": "Asia/Kuala_Lumpur"})
    found = program_of(alice).get(f"{RESULTS}{diagnosis.uuid}/").json()
    assert found["answer"]["label"] == "Positif"
    assert found["created"].endswith("+08:00")


def test_the_browsers_language_comes_first(db: None) -> None:
    answer = sign_in(client=Client(headers={"Accept-Language": "ar"}))
    assert "password is wrong" not in answer.json()["detail"]
