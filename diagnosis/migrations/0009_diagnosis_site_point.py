import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0008_operating_point")]

    operations = [
        migrations.AddField(
            model_name="diagnosis",
            name="site_point",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="diagnosis.operatingpoint",
            ),
        ),
    ]
