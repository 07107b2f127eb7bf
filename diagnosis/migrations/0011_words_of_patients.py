"""The words by which a patient is found."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0010_other_tests_of_studies")]
    operations = [
        migrations.CreateModel(
            name="PatientWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="patientword",
            name="institution",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.institution"
            ),
        ),
        migrations.AddField(
            model_name="patientword",
            name="patient",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="words",
                to="diagnosis.patient",
            ),
        ),
        migrations.AddIndex(
            model_name="patientword",
            index=models.Index(fields=["institution", "word", "patient"], name="patients_by_word"),
        ),
        migrations.AddIndex(
            model_name="patientword",
            index=models.Index(fields=["patient", "word"], name="words_of_patient"),
        ),
    ]
