"""The administration's addresses: what is absurd is passed over, and no filter or number tells identifiers."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Diagnosis, Patient
from tests.cast import client_of
from tests.rows import stored_result


@pytest.fixture
def client(dora: User, settings: Settings) -> Client:
    settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = False
    return client_of(dora)


@pytest.fixture
def theirs(charlie: User) -> Diagnosis:
    """Of another hospital."""
    return stored_result(charlie, patient_id="P-1", patient_name="Canary Jane")


ROWS = ["/admin/audit/auditentry/", "/admin/diagnosis/diagnosis/"]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    "value",
    ["0001-01-01 00:00:00+23:59", "9999-12-31 23:59:59-23:59", "99999-01-01", "0000-00-00", "yesterday", "9" * 4000],
)
@pytest.mark.parametrize("end", ["gte", "lt"])
def test_an_absurd_day(client: Client, row: str, value: str, end: str) -> None:
    name = "time" if "audit" in row else "created"
    answer = client.get(row, {f"{name}__{end}": value}, follow=True)
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("lookup", ["year", "date", "week_day", "hour", "iso_year", "gt", "range", "contains", "in"])
@pytest.mark.parametrize("value", ["99999", "0", "-1", "2026-11-27", "9" * 400])
def test_other_questions_about_days(client: Client, lookup: str, value: str) -> None:
    assert client.get(ROWS[0], {f"time__{lookup}": value}).status_code == 400


@pytest.mark.parametrize(
    "lookup",
    [
        "institution__uuid__startswith",
        "institution__name__startswith",
        "institution__name_key",
        "model_version__card__contains",
        "model_version__uuid",
        "study__patient__name__startswith",
        "study__file_name",
        "uuid__startswith",
        "prediction__startswith",
    ],
)
def test_no_filter_tells_identifiers(client: Client, theirs: Diagnosis, lookup: str) -> None:
    assert client.get("/admin/diagnosis/diagnosis/", {lookup: "E"}).status_code == 400


@pytest.mark.parametrize("lookup", ["institution__name__startswith", "password__startswith", "status__startswith"])
def test_no_filter_of_people_does(client: Client, lookup: str) -> None:
    assert client.get("/admin/accounts/user/", {lookup: "E"}).status_code == 400


def test_the_filters_of_the_page_work(client: Client, theirs: Diagnosis) -> None:
    for row in [*ROWS, "/admin/accounts/user/"]:
        page = client.get(row).content.decode()
        offered = {part.split('"')[0] for part in page.split('href="?')[1:]}
        assert offered
        for query in offered:
            answer = client.get(f"{row}?{query.replace('&amp;', '&')}")
            assert answer.status_code == 200, query


@pytest.mark.parametrize("kind", ["patient", "diagnosis", "study", "report"])
def test_a_number_leads_to_no_page(client: Client, theirs: Diagnosis, kind: str) -> None:
    from django.contrib.contenttypes.models import ContentType

    number = ContentType.objects.get(app_label="diagnosis", model=kind).pk
    answer = client.get(f"/admin/r/{number}/{Patient.objects.get().pk}/")
    assert answer.status_code == 404
    assert str(Patient.objects.get().uuid) not in answer.content.decode()


@pytest.mark.parametrize("number", ["9" * 30, "9" * 4000, "-1", "0", "x"])
@pytest.mark.parametrize("row", ["accounts/user", "audit/auditentry", "diagnosis/diagnosis", "accounts/institution"])
def test_an_absurd_number(client: Client, row: str, number: str) -> None:
    assert client.get(f"/admin/{row}/{number}/change/", follow=True).status_code in (200, 404)
    assert client.get(f"/admin/accounts/user/{number}/step/suspend/", follow=True).status_code in (200, 404)
