"""Inconclusive RT-PCR and antigen tests."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0008_conclusion_of_reviews")]
    operations = [
        migrations.AlterField(
            model_name="outcome",
            name="result",
            field=models.CharField(
                blank=True,
                choices=[
                    ("positive", "RT-PCR positive"),
                    ("negative", "RT-PCR negative"),
                    ("inconclusive", "RT-PCR inconclusive"),
                    ("antigen+", "Antigen test positive"),
                    ("antigen-", "Antigen test negative"),
                ],
                max_length=15,
                verbose_name="result",
            ),
        ),
    ]
