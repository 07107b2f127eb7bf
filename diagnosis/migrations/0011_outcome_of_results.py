"""The outcome of a study is repeated on its results, so that a list of them by their outcome is read from one index."""

from typing import Any

from django.conf import settings
from django.db import migrations, models

import diagnosis.fields


def repeat_outcomes(apps: Any, schema_editor: Any) -> None:
    studies, results = (apps.get_model("diagnosis", name).objects for name in ("Study", "Diagnosis"))
    for outcome in ("positive", "negative"):
        results.filter(study__in=studies.filter(outcome=outcome)).update(outcome=outcome)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_name_key"),
        ("diagnosis", "0010_kept_figures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="diagnosis",
            name="diagnoses_by_date",
        ),
        migrations.RemoveIndex(
            model_name="diagnosis",
            name="diagnoses_by_score",
        ),
        migrations.RemoveIndex(
            model_name="study",
            name="study_by_outcome",
        ),
        migrations.AddField(
            model_name="diagnosis",
            name="outcome",
            field=diagnosis.fields.StudysOutcome(
                blank=True,
                choices=[("positive", "RT-PCR positive"), ("negative", "RT-PCR negative")],
                default="",
                editable=False,
                max_length=10,
                verbose_name="RT-PCR",
            ),
        ),
        migrations.RunPython(repeat_outcomes, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "created",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "outcome",
                    "probability",
                ],
                name="diagnoses_by_date",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "probability",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "outcome",
                    "created",
                ],
                name="diagnoses_by_score",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=["institution", "standing", "outcome", "created", "id"], name="outcome_by_created"
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=["institution", "standing", "outcome", "probability", "id"], name="outcome_by_probability"
            ),
        ),
    ]
