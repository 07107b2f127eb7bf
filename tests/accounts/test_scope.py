"""Who sees whose radiographs: the institution's, or by a setting only the own ones. Never another institution's."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Diagnosis, Patient, Refusal, Report, Study
from diagnosis.uploads.services import StoredByColleague
from tests.cast import client_of
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine
from tests.uploads import diagnosed

QUERYSETS = (Study, Diagnosis, Report, Patient, Refusal)


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine) -> Diagnosis:
    """One of Alice's, with a report, a patient and a refusal as well."""
    diagnosis = diagnosed(alice)
    made(alice, diagnosis)
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-1")
    Study.objects.update(patient=patient)
    Refusal.objects.create(institution=alice.institution, user=alice, reason="x")
    return diagnosis


def counts(user: User) -> set[int]:
    return {model.objects.visible_to(user).count() for model in QUERYSETS}


def address_of(diagnosis: Diagnosis) -> list[str]:
    study = diagnosis.study.uuid
    return [
        diagnosis.get_absolute_url(),
        *(reverse(f"diagnosis:{name}", args=[study]) for name in ("display", "original")),
    ]


def statuses(client: Client, diagnosis: Diagnosis) -> set[int]:
    answers = [client.get(address) for address in address_of(diagnosis)]
    return {answer.status_code for answer in answers if answer.getvalue() is not None}


def test_an_institution_sees_what_its_people_upload(
    diagnosis: Diagnosis, alice: User, bob: User, charlie: User, dora: User
) -> None:
    assert [counts(user) for user in (alice, bob, charlie, dora)] == [{1}, {1}, {0}, {0}]
    assert statuses(client_of(bob), diagnosis) == {200}
    assert statuses(client_of(charlie), diagnosis) == {404}


def test_narrowed_scope_hides_colleagues(
    diagnosis: Diagnosis, alice: User, bob: User, charlie: User, dora: User, settings: Settings
) -> None:
    settings.RADIOGRAPHERS_SEE = "own"
    assert [counts(user) for user in (alice, bob, charlie, dora)] == [{1}, {0}, {0}, {0}]
    assert statuses(client_of(alice), diagnosis) == {200}
    assert statuses(client_of(bob), diagnosis) == {404}


def test_narrowed_scope_a_shared_patient(diagnosis: Diagnosis, bob: User, settings: Settings) -> None:
    """Narrowed to the own a colleague's patient shows once one uploaded for them."""
    settings.RADIOGRAPHERS_SEE = "own"
    own = diagnosed(bob, seed=1).study
    Study.objects.filter(pk=own.pk).update(patient=Patient.objects.get())
    assert Patient.objects.visible_to(bob).count() == 1
    assert list(Study.objects.visible_to(bob)) == [own]


def test_narrowed_scope_a_file_sent_again(diagnosis: Diagnosis, bob: User, settings: Settings) -> None:
    """Narrowed to the own a colleague's file uploaded again shows nothing of it."""
    assert diagnosed(bob) == diagnosis
    settings.RADIOGRAPHERS_SEE = "own"
    with pytest.raises(StoredByColleague, match="A colleague has uploaded"):
        diagnosed(bob)


def test_a_new_institution_replaces_the_old(diagnosis: Diagnosis, alice: User, charlie: User) -> None:
    alice.institution = charlie.institution
    alice.save()
    assert counts(alice) == {0}


def test_no_code_asks_in_another_way_who_may_see() -> None:
    """A new `visible_to` goes through the same rule."""
    import inspect

    for model in QUERYSETS:
        assert "narrowed(" in inspect.getsource(type(model.objects.all()).visible_to)
