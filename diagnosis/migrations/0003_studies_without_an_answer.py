"""Studies that are stored although the model refused their picture: since when, and why."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0002_words_of_notes")]
    operations = [
        migrations.AddField(
            model_name="study",
            name="refusal",
            field=models.JSONField(editable=False, null=True, verbose_name="why it has no answer"),
        ),
        migrations.AddField(
            model_name="study",
            name="unanswered",
            field=models.DateTimeField(editable=False, null=True, verbose_name="stored without an answer"),
        ),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(fields=["institution", "unanswered"], name="study_without_answer"),
        ),
    ]
