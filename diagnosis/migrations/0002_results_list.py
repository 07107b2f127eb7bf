"""What the list of results is searched, filtered and sorted by, for the rows that are there too."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import diagnosis.fields
from diagnosis.fields import search_key

BATCH = 1000
KEYS = ["file_name_key", "patient_reference_key", "patient_name_key"]


def write_search_keys(apps, schema_editor):
    study_model = apps.get_model("diagnosis", "Study")
    batch = []
    for study in study_model.objects.only("file_name", "dicom").iterator(BATCH):
        details = study.dicom or {}
        study.file_name_key = search_key(study.file_name)
        study.patient_reference_key = search_key(details.get("patient_id") or "")
        study.patient_name_key = search_key(details.get("patient_name") or "")
        batch.append(study)
        if len(batch) == BATCH:
            study_model.objects.bulk_update(batch, KEYS)
            batch.clear()
    study_model.objects.bulk_update(batch, KEYS)


def write_institutions(apps, schema_editor):
    study_model, diagnosis_model = apps.get_model("diagnosis", "Study"), apps.get_model("diagnosis", "Diagnosis")
    studys = study_model.objects.filter(pk=OuterRef("study_id")).values("institution_id")[:1]
    diagnosis_model.objects.update(institution_id=Subquery(studys))


def key_field(source):
    return diagnosis.fields.SearchKeyField(default="", editable=False, max_length=150, source=source)


def institution_field(**options):
    return diagnosis.fields.StudysInstitution(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="diagnoses",
        to="accounts.institution",
        **options,
    )


def created_field(verbose_name):
    return models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name=verbose_name)


def index(name, *fields):
    return models.Index(fields=fields, name=name)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("diagnosis", "0001_initial")]

    operations = [
        migrations.AddField("study", "file_name_key", key_field("file_name")),
        migrations.AddField("study", "patient_reference_key", key_field("patient_reference")),
        migrations.AddField("study", "patient_name_key", key_field("patient_name")),
        migrations.AlterField("study", "created", created_field("uploaded")),
        migrations.AlterField("diagnosis", "created", created_field("classified")),
        migrations.AddField("diagnosis", "institution", institution_field(null=True)),
        migrations.RunPython(write_search_keys, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(write_institutions, migrations.RunPython.noop, elidable=True),
        migrations.AlterField("diagnosis", "institution", institution_field()),
        *(
            migrations.AddIndex("study", index(name, "institution", column))
            for name, column in (
                ("study_by_file_name", "file_name_key"),
                ("study_by_patient_reference", "patient_reference_key"),
                ("study_by_patient_name", "patient_name_key"),
            )
        ),
        *(
            migrations.AddIndex("diagnosis", index(name, "institution", *columns))
            for name, *columns in (
                ("diagnoses_by_date", "created", "id", "prediction", "requested_by", "model_version", "probability"),
                ("diagnoses_by_score", "probability", "id", "prediction", "requested_by", "model_version", "created"),
            )
        ),
        *(
            migrations.AddIndex("diagnosis", index(f"{column}_by_{order}", "institution", column, order, "id"))
            for column in ("prediction", "requested_by", "model_version")
            for order in ("created", "probability")
        ),
    ]
