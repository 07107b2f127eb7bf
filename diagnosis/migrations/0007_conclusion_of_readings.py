"""A reading is a conclusion with findings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0006_conclusion_of_results")]
    operations = [
        migrations.RemoveField(
            model_name="ownreading",
            name="answer",
        ),
        migrations.AddField(
            model_name="ownreading",
            name="conclusion",
            field=models.CharField(
                choices=[("likely", "COVID likely"), ("unlikely", "COVID unlikely"), ("unsure", "Cannot tell")],
                default="unsure",
                max_length=10,
                verbose_name="conclusion",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="ownreading",
            name="findings",
            field=models.JSONField(default=list, verbose_name="what else was seen"),
        ),
    ]
