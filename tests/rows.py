"""Results stored without a picture or a model, and the list of them as a page, for tests of lists."""

import hashlib
import re
import uuid
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from diagnosis.findings import Appearance
from diagnosis.history.recounts import days_changed
from diagnosis.models import Diagnosis, ModelFinding, ModelVersion, Study
from diagnosis.models.words import study_words_write
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)

words_need_a_commit = pytest.mark.django_db(transaction=connection.vendor == "mysql")
"""For tests that look for words in notes: a full-text index holds only what is committed."""


def stored_result(
    user: User,
    *,
    file_name: str = "chest.png",
    patient_id: str = "",
    patient_name: str = "",
    probability: float = 0.5,
    prediction: str = "Positive",
    created: datetime = NOON,
    version: str = "toy-1",
    review: str = "unreviewed",
    outcome: str = "",
    notes: str = "",
    is_voided: bool = False,
) -> Diagnosis:
    """A result that says what the test tells it."""
    key = uuid.uuid4()
    study = Study.objects.create(
        uuid=key,
        institution=user.institution,
        uploaded_by=user,
        created=created,
        file_name=file_name,
        format="DICOM",
        sha256=hashlib.sha256(key.bytes).hexdigest(),
        size=1,
        width=1,
        height=1,
        patient=patient_get_or_create(user=user, details=PatientDetails(patient_id, patient_name)),
        study_date=date(2026, 3, 14),
        outcome=outcome,
        notes=notes,
        voided=created if is_voided else None,
    )
    study_words_write([study])
    model = ModelVersion.objects.get_or_create(version=version, weights_sha256="ab" * 32, defaults={"card": {}})[0]
    days_changed(user.institution_id, [created])
    return Diagnosis.objects.create(
        study=study,
        model_version=model,
        requested_by=user,
        created=created,
        prediction=prediction,
        probability=probability,
        raw_probability=probability,
        confidence=probability,
        operating_point=0.24,
        indeterminate_low=0.2,
        indeterminate_high=0.28,
        engine="toy",
        milliseconds=1,
        heat_map=b"",
        review_state=review,
        standing="voided" if is_voided else "kept",
    )


def appearances_add(diagnosis: Diagnosis, *probabilities: float) -> None:
    """As a version stores them that looks for them: typical, indeterminate, atypical, negative; else typical leads."""
    shares = probabilities or (0.61, 0.2, 0.05, 0.14)
    rows = [
        ModelFinding(diagnosis=diagnosis, name=name.value, probability=share)
        for name, share in zip(Appearance, shares, strict=True)
    ]
    ModelFinding.objects.bulk_create(rows)
    most = max(rows, key=lambda row: row.probability).name
    Diagnosis.objects.filter(pk=diagnosis.pk).update(appearance=most)
    days_changed(diagnosis.institution_id, [diagnosis.created])


def page_of(client: Client, query: str = "", **parameters: Any) -> str:
    answer = client.get(f"/results/{query}", parameters or None)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(text: str) -> list[str]:
    """The file names of the rows of a page, from top to bottom."""
    return re.findall(r'class="list-file".*?<bdi>(.*?)</bdi>', text)


def listed(client: Client, **parameters: Any) -> list[str]:
    return shown(page_of(client, **parameters))


def link(text: str, name: str) -> str:
    """The address that a link with this text, or this rel, leads to, from the list's own address on."""
    found = re.search(rf'<a [^>]*?rel="{name}" href="([^"]*)"', text) or re.search(rf'href="([^"]*)"[^>]*>{name}', text)
    assert found, name
    return unescape(found[1])
