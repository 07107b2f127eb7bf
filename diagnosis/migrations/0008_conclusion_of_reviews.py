"""A review is a conclusion with findings; whether it agrees follows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0007_conclusion_of_readings")]
    operations = [
        migrations.AddField(
            model_name="review",
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
            model_name="review",
            name="findings",
            field=models.JSONField(default=list, verbose_name="what else was seen"),
        ),
        migrations.AddField(
            model_name="review",
            name="is_blind",
            field=models.BooleanField(default=False, verbose_name="before the model's answer was shown"),
        ),
        migrations.AlterField(
            model_name="review",
            name="reason",
            field=models.TextField(blank=True, max_length=2000, verbose_name="remarks"),
        ),
        migrations.AlterField(
            model_name="review",
            name="verdict",
            field=models.CharField(
                choices=[
                    ("agrees", "Agrees"),
                    ("disagrees", "Disagrees"),
                    ("unsure", "Cannot tell"),
                    ("decided", "Decided by the reader"),
                ],
                max_length=20,
                verbose_name="verdict",
            ),
        ),
    ]
