"""The column of the most probable appearance also has the most probable class of a version with classes of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0005_results_of_studies")]
    operations = [
        migrations.AlterField(
            model_name="diagnosis",
            name="appearance",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                max_length=20,
                verbose_name="most probable appearance or class",
            ),
        ),
    ]
