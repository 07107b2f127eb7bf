"""A table of what else a model version looked for: a row for each diagnosis and finding."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0002_words_of_notes")]
    operations = [
        migrations.CreateModel(
            name="ModelFinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=20, verbose_name="name")),
                ("probability", models.FloatField(verbose_name="calibrated probability")),
                (
                    "diagnosis",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="findings",
                        to="diagnosis.diagnosis",
                    ),
                ),
            ],
            options={
                "verbose_name": "finding of the model",
                "verbose_name_plural": "findings of the model",
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="modelfinding",
            constraint=models.UniqueConstraint(fields=("diagnosis", "name"), name="one_row_per_finding"),
        ),
    ]
