"""That results stored before the list had its columns are found by it, and by their outcome."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrated_to(name: str) -> Apps:
    """The models as they were after that migration of the results, and after every one of the accounts."""
    executor = MigrationExecutor(connection)
    targets = [*executor.loader.graph.leaf_nodes("accounts"), ("diagnosis", name)]
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.fixture
def migrated(transactional_db: None) -> Any:
    yield migrated_to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def store(apps: Apps, studies: list[dict[str, Any]]) -> Any:
    """A result of each study; gives the institution."""
    institution = apps.get_model("accounts", "Institution").objects.create(name="A", name_key="a")
    user = apps.get_model("accounts", "User").objects.create(
        username="u", username_key="u", email_key="u", institution=institution
    )
    version = apps.get_model("diagnosis", "ModelVersion").objects.create(version="v", card={})
    results = apps.get_model("diagnosis", "Diagnosis")
    # The column is written by hand where it is there: the models of a migration have no code that would do it.
    theirs = {"institution": institution} if any(field.name == "institution" for field in results._meta.fields) else {}
    for number, values in enumerate(studies):
        study = apps.get_model("diagnosis", "Study")(
            institution=institution, uploaded_by=user, file_name=f"IMG {number}", sha256=str(number),
            size=1, width=1, height=1, **values,
        )  # fmt: skip
        vars(study).update(patient_reference="", patient_name="")  # nor that reads these of the patient
        study.save()
        results.objects.create(
            study=study, model_version=version, requested_by=user, prediction="Positive", probability=0.5,
            raw_probability=0.5, operating_point=0.5, indeterminate_low=0.5, indeterminate_high=0.5, milliseconds=1,
            heat_map=b"", **theirs,
        )  # fmt: skip
    return institution


def test_older_rows_get_their_search_keys_and_their_institution(migrated: Callable[[str], Apps]) -> None:
    details = [{"patient_id": "P-17", "patient_name": "Łukaszewicz^Anna"}, {"patient_id": None}, None]
    institution = store(migrated("0001_initial"), [{"dicom": dicom} for dicom in details])
    new = migrated("0002_results_list")
    keys = ("file_name_key", "patient_reference_key", "patient_name_key")
    studies = new.get_model("diagnosis", "Study").objects.order_by("pk").values_list(*keys)
    assert list(studies) == [("img 0", "p-17", "łukaszewicz anna"), ("img 1", "", ""), ("img 2", "", "")]
    diagnoses = new.get_model("diagnosis", "Diagnosis").objects.values_list("institution", flat=True)
    assert list(diagnoses) == [institution.pk] * 3


def test_older_results_get_the_outcome_of_their_study(migrated: Callable[[str], Apps]) -> None:
    outcomes = ["positive", "", "negative"]
    store(migrated("0010_kept_figures"), [{"outcome": outcome} for outcome in outcomes])
    results = migrated("0011_outcome_of_results").get_model("diagnosis", "Diagnosis").objects.order_by("study")
    assert list(results.values_list("outcome", flat=True)) == outcomes
