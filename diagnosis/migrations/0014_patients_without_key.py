"""Patients are found by words."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0013_studies_without_keys")]
    operations = [
        migrations.RemoveIndex(
            model_name="patient",
            name="patient_by_reference",
        ),
        migrations.RemoveField(
            model_name="patient",
            name="search_key",
        ),
    ]
