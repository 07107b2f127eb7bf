"""That results stored before the list had its columns are found by it."""

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE, AFTER = "0001_initial", "0002_results_list"


def migrated_to(name: str) -> Apps:
    """The models as they were after that migration of the results, and after every one of the accounts."""
    executor = MigrationExecutor(connection)
    targets = [*executor.loader.graph.leaf_nodes("accounts"), ("diagnosis", name)]
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.mark.django_db(transaction=True)
def test_older_rows_get_their_search_keys_and_their_institution() -> None:
    try:
        _store_before_and_compare_after()
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())


def _store_before_and_compare_after() -> None:
    old = migrated_to(BEFORE)
    institution = old.get_model("accounts", "Institution").objects.create(name="A", name_key="a")
    user = old.get_model("accounts", "User").objects.create(
        username="u", username_key="u", email_key="u", institution=institution
    )
    version = old.get_model("diagnosis", "ModelVersion").objects.create(version="v", card={})
    details = [{"patient_id": "P-17", "patient_name": "Łukaszewicz^Anna"}, {"patient_id": None}, None]
    for number, dicom in enumerate(details):
        study = old.get_model("diagnosis", "Study").objects.create(
            institution=institution, uploaded_by=user, file_name=f"IMG {number}", sha256=str(number), dicom=dicom,
            size=1, width=1, height=1,
        )  # fmt: skip
        old.get_model("diagnosis", "Diagnosis").objects.create(
            study=study, model_version=version, requested_by=user, prediction="Positive", probability=0.5,
            raw_probability=0.5, operating_point=0.5, indeterminate_low=0.5, indeterminate_high=0.5, milliseconds=1,
            heat_map=b"",
        )  # fmt: skip

    new = migrated_to(AFTER)
    keys = ("file_name_key", "patient_reference_key", "patient_name_key")
    studies = new.get_model("diagnosis", "Study").objects.order_by("pk").values_list(*keys)
    assert list(studies) == [("img 0", "p-17", "łukaszewicz anna"), ("img 1", "", ""), ("img 2", "", "")]
    diagnoses = new.get_model("diagnosis", "Diagnosis").objects.values_list("institution", flat=True)
    assert list(diagnoses) == [institution.pk] * 3
