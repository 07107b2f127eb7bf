"""What another version found besides its answer, in a comparison of versions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.AddField("item", "findings", models.JSONField(default=dict))]
