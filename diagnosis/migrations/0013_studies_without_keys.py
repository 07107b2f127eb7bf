"""Studies are found by words."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0012_words_of_files")]
    operations = [
        migrations.RemoveIndex(
            model_name="study",
            name="study_by_file_name",
        ),
        migrations.RemoveIndex(
            model_name="study",
            name="study_by_patient_reference",
        ),
        migrations.RemoveIndex(
            model_name="study",
            name="study_by_patient_name",
        ),
        migrations.RemoveField(
            model_name="study",
            name="file_name_key",
        ),
        migrations.RemoveField(
            model_name="study",
            name="patient_name_key",
        ),
        migrations.RemoveField(
            model_name="study",
            name="patient_reference_key",
        ),
    ]
