"""Lines of the history about merging."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0016_merges_of_patients")]
    operations = [
        migrations.AlterField(
            model_name="studyevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("uploaded", "Uploaded"),
                    ("classified", "Classified"),
                    ("read", "Read before the model's answer was shown"),
                    ("reviewed", "Reviewed"),
                    ("outcome", "RT-PCR outcome entered"),
                    ("edited", "Details changed"),
                    ("moved", "Moved to another patient"),
                    ("merged", "Patients merged"),
                    ("unmerged", "Merging undone"),
                    ("voided", "Voided"),
                    ("restored", "Restored"),
                    ("reported", "Report made"),
                    ("printed", "Report opened or downloaded"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
    ]
