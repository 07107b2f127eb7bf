from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_linked_action"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSent",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("sequence", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "what the audit's collector has",
                "verbose_name_plural": "what the audit's collector has",
            },
        ),
    ]
