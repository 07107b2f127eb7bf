from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0003_gate_distance")]

    operations = [
        migrations.AlterField(
            model_name="dayfigures",
            name="kind",
            field=models.CharField(
                choices=[("report", "Report"), ("scorecard", "Scorecard"), ("drift", "Drift")], max_length=10
            ),
        ),
    ]
