"""Every address of the site, for everybody who might ask for it. A new address without a row here fails."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from diagnosis.models import Diagnosis, Patient
from diagnosis.studies.services import study_void
from jobs.models import Job
from jobs.services import NewJob, job_start
from pacs.models import Outgoing
from pacs.services import InstanceHead, instance_found
from reader_studies.models import Reader, ReaderStudy
from tests.cast import client_of
from tests.diagnosis.reports.made import made
from tests.pacs.peers import peer_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, unanswered


@dataclass(frozen=True)
class Row:
    """The status of a GET: by somebody who is not signed in or is suspended; by a radiographer of the institution, who
    uploaded the radiograph or is a colleague; by one of another institution; by an administrator without that role.
    """

    signed_out: int
    radiographer: int
    other: int
    administrator: int
    argument: str = ""


CLINICAL_PAGE = Row(302, 200, 200, 403)
ADMINISTRATION = Row(302, 302, 302, 200)


def of(argument: str, signed_out: int, radiographer: int, other: int, administrator: int) -> Row:
    return Row(signed_out, radiographer, other, administrator, argument)


TABLE = {
    "healthz": Row(200, 200, 200, 200),
    "readyz": Row(200, 200, 200, 200),
    "metrics": Row(404, 404, 404, 404),  # until there is a token: operations/test_metrics.py
    "accounts:sign-in": Row(200, 302, 302, 302),
    "accounts:sign-in-code": Row(302, 302, 302, 302),
    "accounts:language": Row(405, 405, 405, 405),
    "accounts:sign-out": Row(302, 405, 405, 405),
    "accounts:theme": Row(405, 405, 405, 405),
    "accounts:typed": Row(405, 405, 405, 405),
    "accounts:session": Row(302, 200, 200, 200),
    "accounts:may-send": Row(401, 204, 204, 204),
    # While single sign-on is off: accounts/test_single_sign_on.py.
    "accounts:sso": Row(404, 404, 404, 404),
    "accounts:sso-return": Row(404, 404, 404, 404),
    "accounts:sso-link": Row(302, 404, 404, 404),
    "accounts:sso-back-channel": Row(405, 405, 405, 405),
    "accounts:invitation": of("link", 200, 200, 200, 200),
    "accounts:forgotten": Row(200, 200, 200, 200),
    "accounts:forgotten-sent": Row(200, 200, 200, 200),
    "accounts:new-password": of("link", 200, 200, 200, 200),
    "accounts:profile": Row(302, 200, 200, 200),
    "accounts:password": Row(302, 200, 200, 200),
    "accounts:second-factor": Row(302, 200, 200, 200),
    "accounts:second-factor-set-up": Row(302, 200, 200, 200),
    "accounts:second-factor-remove": Row(302, 405, 405, 405),
    "accounts:recovery-codes": Row(302, 302, 302, 302),
    "accounts:recovery-codes-renew": Row(302, 405, 405, 405),
    "diagnosis:home": Row(302, 200, 200, 200),
    "diagnosis:worklist": CLINICAL_PAGE,
    "diagnosis:worklist-next": Row(302, 302, 302, 403),
    "diagnosis:upload": CLINICAL_PAGE,
    "diagnosis:uploads": CLINICAL_PAGE,
    # Of the person who uploaded the file only: uploads/test_without_answer.py.
    "diagnosis:upload-held": of("no upload", 302, 404, 404, 403),
    "diagnosis:unanswered": CLINICAL_PAGE,
    "diagnosis:study": of("study without an answer", 302, 200, 404, 403),
    "diagnosis:results": CLINICAL_PAGE,
    "diagnosis:results-export": CLINICAL_PAGE,
    "diagnosis:patients": CLINICAL_PAGE,
    "diagnosis:patient-suggestions": CLINICAL_PAGE,
    "diagnosis:patient": of("patient", 302, 200, 404, 403),
    "diagnosis:patient-merge": of("patient", 302, 200, 404, 403),
    "diagnosis:patient-merge-undo": of("merge", 302, 405, 405, 403),
    "diagnosis:patient-edit": of("patient", 302, 200, 404, 403),
    "diagnosis:study-edit": of("study", 302, 200, 404, 403),
    "diagnosis:study-move": of("study", 302, 200, 404, 403),
    "diagnosis:study-void": of("study", 302, 200, 404, 403),
    "diagnosis:study-restore": of("voided study", 302, 200, 404, 403),
    "diagnosis:result": of("diagnosis", 302, 200, 404, 403),
    "diagnosis:heat-map": of("diagnosis", 302, 200, 404, 403),
    "diagnosis:opacity-map": of("diagnosis", 302, 200, 404, 403),
    "diagnosis:display": of("study", 302, 200, 404, 403),
    "diagnosis:full": of("study", 302, 200, 404, 403),
    "diagnosis:thumbnail": of("study", 302, 200, 404, 403),
    "diagnosis:samples": of("study", 302, 200, 404, 403),
    "diagnosis:original": of("study", 302, 200, 404, 403),
    "diagnosis:reading": of("diagnosis", 302, 302, 404, 403),
    "diagnosis:review": of("diagnosis", 302, 302, 404, 403),
    "diagnosis:outcome": of("diagnosis", 302, 302, 404, 403),
    "diagnosis:report-make": of("diagnosis", 302, 302, 404, 403),
    "diagnosis:report": of("report", 302, 200, 404, 403),
    "diagnosis:report-page": of("report page", 302, 200, 404, 403),
    "diagnosis:report-open": of("report", 302, 200, 404, 403),
    "diagnosis:report-download": of("report", 302, 200, 404, 403),
    "diagnosis:verify-form": Row(200, 200, 200, 200),
    "diagnosis:verify": of("code", 200, 200, 200, 200),
    # Counts of the institution without a patient or a single answer: usage, which administrators see.
    "diagnosis:statistics": Row(302, 200, 200, 200),
    "diagnosis:statistics-month": of("month", 302, 200, 200, 200),
    "diagnosis:statistics-month-file": of("month", 302, 200, 200, 200),
    "diagnosis:statistics-year": of("year", 302, 200, 200, 200),
    "diagnosis:statistics-year-file": of("year", 302, 200, 200, 200),
    "diagnosis:drift": Row(302, 200, 200, 200),
    "diagnosis:scorecard": Row(302, 200, 200, 200),
    "diagnosis:scorecard-file": Row(302, 200, 200, 200),
    "diagnosis:scorecard-year": of("year", 302, 200, 200, 200),
    "diagnosis:scorecard-year-file": of("year", 302, 200, 200, 200),
    "pacs:search": CLINICAL_PAGE,
    "pacs:received": CLINICAL_PAGE,
    "pacs:sent": CLINICAL_PAGE,
    "pacs:send-again": of("sent object", 302, 405, 405, 403),
    "pacs:retry": of("received", 302, 405, 405, 403),
    "pacs:store": of("received", 302, 405, 405, 403),
    "pacs:send-result": of("diagnosis", 302, 405, 405, 403),
    # The archive of this test does not answer.
    "pacs:study": of("study in the archive", 302, 503, 404, 403),
    "pacs:preview": of("radiograph in the archive", 302, 404, 404, 403),
    "pacs:fetch": of("radiograph in the archive", 302, 405, 405, 403),
    "reader_studies:list": CLINICAL_PAGE,
    "reader_studies:new": CLINICAL_PAGE,
    "reader_studies:study": of("reader study", 302, 200, 404, 403),
    "reader_studies:results": of("reader study", 302, 200, 404, 403),
    "reader_studies:results-file": of("reader study", 302, 200, 404, 403),
    # Alice leads it and Bob reads it. What only one of them may do is in tests/reader_studies/test_views.py.
    **dict.fromkeys(
        [f"reader_studies:{name}" for name in ("readers", "open", "close", "delete", "join", "leave")],
        of("reader study", 302, 405, 405, 403),
    ),
    **dict.fromkeys([f"reader_studies:{name}" for name in ("cases", "read")], of("no upload", 302, 404, 404, 403)),
    **dict.fromkeys(
        [f"reader_studies:{name}" for name in ("display", "full", "samples", "heat-map", "opacity-map")],
        of("no upload", 302, 404, 404, 403),
    ),
    "jobs:jobs": CLINICAL_PAGE,
    # Of the person who started it only: jobs/test_pages.py.
    "jobs:comparison": of("comparison", 302, 200, 200, 403),
    "jobs:job": of("no job", 302, 404, 404, 403),
    "jobs:file": of("file of no job", 302, 404, 404, 403),
    **dict.fromkeys(
        [f"jobs:{name}" for name in ("stop", "resume", "retry", "delete")], of("no job", 302, 405, 405, 403)
    ),
    "models:list": Row(302, 200, 200, 200),
    "models:version": of("version", 302, 200, 200, 200),
    "models:plot": of("plot", 302, 200, 200, 200),
    # To the API a browser's session means nothing: tests/api/test_access.py has the table of those with a token.
    **dict.fromkeys(
        [f"api:{name}" for name in ("sign-out", "results", "unanswered", "jobs", "schema")], Row(401, 401, 401, 401)
    ),
    **dict.fromkeys(
        [
            f"api:{name}"
            for name in ("result", "heat-map", "opacity-map", "reading", "review", "outcome", "reports", "fhir")
        ],
        of("diagnosis", 401, 401, 401, 401),
    ),
    **dict.fromkeys([f"api:{name}" for name in ("report", "report-file")], of("report", 401, 401, 401, 401)),
    **dict.fromkeys(
        [f"api:{name}" for name in ("display", "thumbnail", "full", "original")], of("study", 401, 401, 401, 401)
    ),
    **dict.fromkeys(
        [f"api:{name}" for name in ("job", "job-stop", "job-go-on", "job-retry", "job-items")],
        of("no job", 401, 401, 401, 401),
    ),
    "api:unanswered-study": of("study without an answer", 401, 401, 401, 401),
    "api:sign-in": Row(405, 405, 405, 405),
    "api:docs": Row(302, 200, 200, 200),
    "admin:index": ADMINISTRATION,
    "site": ADMINISTRATION,
    "admin:login": Row(302, 403, 403, 302),
    "admin:logout": Row(302, 302, 302, 405),
    "admin:password_change": Row(302, 302, 302, 302),
    "admin:password_change_done": ADMINISTRATION,
    "admin:autocomplete": Row(302, 302, 302, 403),
    "admin:jsi18n": ADMINISTRATION,
    "admin:app_list": of("app", 302, 302, 302, 200),
    "admin:accounts_user_changelist": ADMINISTRATION,
    "admin:accounts_user_add": ADMINISTRATION,
    "admin:accounts_user_change": of("user", 302, 302, 302, 200),
    "admin:accounts_user_import": ADMINISTRATION,
    "admin:accounts_user_step": of("step", 302, 302, 302, 200),
    "admin:accounts_user_history": of("user", 302, 302, 302, 200),
    "admin:accounts_user_delete": of("user", 302, 302, 302, 403),
    "admin:accounts_institution_changelist": ADMINISTRATION,
    "admin:accounts_institution_add": ADMINISTRATION,
    "admin:accounts_institution_change": of("institution", 302, 302, 302, 200),
    "admin:accounts_institution_history": of("institution", 302, 302, 302, 200),
    "admin:accounts_institution_delete": of("institution", 302, 302, 302, 403),
    "admin:diagnosis_diagnosis_changelist": ADMINISTRATION,
    "admin:diagnosis_diagnosis_add": Row(302, 302, 302, 403),
    "admin:diagnosis_diagnosis_change": of("row of a diagnosis", 302, 302, 302, 200),
    "admin:diagnosis_diagnosis_history": of("row of a diagnosis", 302, 302, 302, 200),
    "admin:diagnosis_diagnosis_delete": of("row of a diagnosis", 302, 302, 302, 403),
    "admin:pacs_peer_changelist": ADMINISTRATION,
    "admin:pacs_peer_add": ADMINISTRATION,
    "admin:pacs_peer_change": of("peer", 302, 302, 302, 200),
    "admin:pacs_peer_history": of("peer", 302, 302, 302, 200),
    "admin:pacs_peer_delete": of("peer", 302, 302, 302, 403),
    "admin:pacs_instance_changelist": ADMINISTRATION,
    "admin:pacs_instance_add": Row(302, 302, 302, 403),
    "admin:pacs_instance_change": of("instance", 302, 302, 302, 200),
    "admin:pacs_instance_history": of("instance", 302, 302, 302, 200),
    "admin:pacs_instance_delete": of("instance", 302, 302, 302, 403),
    "admin:pacs_outgoing_changelist": ADMINISTRATION,
    "admin:pacs_outgoing_add": Row(302, 302, 302, 403),
    "admin:pacs_outgoing_change": of("outgoing", 302, 302, 302, 200),
    "admin:pacs_outgoing_history": of("outgoing", 302, 302, 302, 200),
    "admin:pacs_outgoing_delete": of("outgoing", 302, 302, 302, 403),
    "admin:reader_studies_readerstudy_changelist": ADMINISTRATION,
    "admin:reader_studies_readerstudy_add": Row(302, 302, 302, 403),
    "admin:reader_studies_readerstudy_change": of("row of a reader study", 302, 302, 302, 200),
    "admin:reader_studies_readerstudy_history": of("row of a reader study", 302, 302, 302, 200),
    "admin:reader_studies_readerstudy_delete": of("row of a reader study", 302, 302, 302, 403),
    "admin:jobs_job_compare": of("version", 302, 302, 302, 200),
    "admin:jobs_job_changelist": ADMINISTRATION,
    "admin:jobs_job_add": Row(302, 302, 302, 403),
    "admin:jobs_job_change": of("row of a job", 302, 302, 302, 200),
    "admin:jobs_job_history": of("row of a job", 302, 302, 302, 200),
    "admin:jobs_job_delete": of("row of a job", 302, 302, 302, 403),
    "admin:audit_auditentry_changelist": ADMINISTRATION,
    "admin:audit_auditentry_add": Row(302, 302, 302, 403),
    "admin:audit_auditentry_change": of("audit entry", 302, 302, 302, 200),
    "admin:audit_auditentry_history": of("audit entry", 302, 302, 302, 200),
    "admin:audit_auditentry_delete": of("audit entry", 302, 302, 302, 403),
    "admin:diagnosis_modelversion_changelist": ADMINISTRATION,
    "admin:diagnosis_modelversion_choose": ADMINISTRATION,
    "admin:diagnosis_modelversion_serve": of("version", 302, 302, 302, 200),
    "admin:diagnosis_modelversion_point": of("version", 302, 302, 302, 200),
    "admin:diagnosis_modelversion_add": Row(302, 302, 302, 403),
    "admin:diagnosis_modelversion_change": of("model", 302, 302, 302, 200),
    "admin:diagnosis_modelversion_history": of("model", 302, 302, 302, 200),
    "admin:diagnosis_modelversion_delete": of("model", 302, 302, 302, 403),
}


def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from names(entry, inner)
        elif isinstance(entry, URLPattern) and entry.name:
            yield prefix + entry.name


def test_every_address_has_a_row() -> None:
    assert set(names(get_resolver())) == set(TABLE)


def nameless(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from nameless(entry)
        elif not entry.name:
            yield str(entry.pattern)


def test_only_admin_redirects_have_no_name() -> None:
    assert set(nameless(get_resolver())) == {"<path:object_id>/", "(?P<url>.*)$"}


@pytest.fixture
def arguments(alice: User, bob: User, engine: ToyEngine, toy_models: Path) -> dict[str, list[object]]:
    diagnosis = diagnosed(alice)
    Diagnosis.objects.filter(pk=diagnosis.pk).update(opacity_map=diagnosis.heat_map)
    voided = diagnosed(alice, seed=1).study
    study_void(user=alice, study=voided, reason="a test")
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-1")
    report = made(alice, diagnosis)
    (toy_models / "toy-1" / "roc.svg").write_text("<svg/>")
    peer = peer_of(alice.institution, dicomweb_url="http://127.0.0.1:9/dicom-web")
    instance, _ = instance_found(peer=peer, head=InstanceHead("1.2.3"), person=alice)
    outgoing = Outgoing.objects.create(diagnosis=diagnosis, peer=peer, kind="sr", sop_instance_uid="1.2.3.4")
    trial = ReaderStudy.objects.create(institution=alice.institution, leader=alice, name="A trial", state="closed")
    Reader.objects.create(reader_study=trial, person=bob, number=1)
    comparison = job_start(NewJob(alice, "a to b", Job.Source.COMPARISON, {"most": 1}))
    return {
        "": [],
        "reader study": [trial.uuid],
        "row of a reader study": [trial.pk],
        "peer": [peer.pk],
        "instance": [instance.pk],
        "outgoing": [outgoing.pk],
        "received": [instance.uuid],
        "sent object": [outgoing.uuid],
        "study in the archive": [peer.uuid, "1.2.3"],
        "radiograph in the archive": [peer.uuid, "1.2.3", "1.2.3.4", "1.2.3.4.5"],
        "diagnosis": [diagnosis.uuid],
        "study": [diagnosis.study.uuid],
        "study without an answer": [unanswered(alice).uuid],
        "no upload": [uuid.uuid4()],
        "comparison": [comparison.uuid],
        "row of a job": [comparison.pk],
        "no job": [uuid.uuid4()],
        "file of no job": [uuid.uuid4(), "csv"],
        "voided study": [voided.uuid],
        "patient": [patient.uuid],
        "merge": [patient.uuid, 1],
        "report": [report.uuid],
        "report page": [report.uuid, 1],
        "code": [report.code],
        "user": [alice.pk],
        "step": [alice.pk, "suspend"],
        "link": ["MQ", "no-such-link"],
        "institution": [alice.institution.pk],
        "model": [diagnosis.model_version.pk],
        "app": ["accounts"],
        "row of a diagnosis": [diagnosis.pk],
        "audit entry": [1],
        "year": [2026],
        "month": [2026, 1],
        "nothing": [1, 999999],
        "version": ["toy-1"],
        "plot": ["toy-1", "roc"],
    }


@pytest.fixture
def suspended(alice: User) -> Client:
    """Somebody who was suspended while signed in."""
    mallory = User.objects.create_user("mallory", "m@example.org", institution=alice.institution, is_radiographer=True)
    client = client_of(mallory)
    User.objects.filter(pk=mallory.pk).update(is_active=False, status=User.Status.SUSPENDED)
    return client


def status_of(client: Client, address: str) -> int:
    answer = client.get(address)
    answer.getvalue()  # reading a file to its end closes it
    return answer.status_code


def room_of(name: str) -> str:
    """The application of an address, or "" for the site's own."""
    return name.rpartition(":")[0]


@pytest.mark.parametrize("room", sorted({room_of(name) for name in TABLE}))
def test_everybody_gets_what_is_theirs(
    room: str,
    arguments: dict[str, list[object]],
    stranger: Client,
    suspended: Client,
    alice: User,
    bob: User,
    charlie: User,
    dora: User,
) -> None:
    """Room by room: what the addresses lead to costs more than asking for them."""
    addresses = {
        name: reverse(name, args=arguments[row.argument]) for name, row in TABLE.items() if room_of(name) == room
    }
    people = {
        "signed out": (stranger, "signed_out"),
        "suspended": (suspended, "signed_out"),
        "alice, who uploaded": (client_of(alice), "radiographer"),
        "bob, a colleague": (client_of(bob), "radiographer"),
        "charlie of another institution": (client_of(charlie), "other"),
        "dora, an administrator": (client_of(dora), "administrator"),
    }
    seen = {
        (name, who): status_of(client, address)
        for name, address in addresses.items()
        for who, (client, _) in people.items()
    }
    assert seen == {
        (name, who): getattr(TABLE[name], column) for name in addresses for who, (_, column) in people.items()
    }
