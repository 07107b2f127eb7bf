from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0002_words_of_notes")]

    operations = [
        migrations.AddField(
            model_name="diagnosis",
            name="gate_distance",
            field=models.FloatField(
                editable=False, null=True, verbose_name="distance from what the model learned from, less its limit"
            ),
        ),
    ]
