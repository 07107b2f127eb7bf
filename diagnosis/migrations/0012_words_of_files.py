"""The words by which a file is found."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0011_words_of_patients")]
    operations = [
        migrations.CreateModel(
            name="StudyWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="studyword",
            name="institution",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.institution"
            ),
        ),
        migrations.AddField(
            model_name="studyword",
            name="study",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="words", to="diagnosis.study"
            ),
        ),
        migrations.AddIndex(
            model_name="studyword",
            index=models.Index(fields=["institution", "word", "study"], name="studies_by_word"),
        ),
        migrations.AddIndex(
            model_name="studyword",
            index=models.Index(fields=["study", "word"], name="words_of_study"),
        ),
    ]
