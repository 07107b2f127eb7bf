"""The same, repeated on the study."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0009_other_tests")]
    operations = [
        migrations.AlterField(
            model_name="study",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("positive", "RT-PCR positive"),
                    ("negative", "RT-PCR negative"),
                    ("inconclusive", "RT-PCR inconclusive"),
                    ("antigen+", "Antigen test positive"),
                    ("antigen-", "Antigen test negative"),
                ],
                editable=False,
                max_length=15,
                verbose_name="RT-PCR",
            ),
        ),
    ]
