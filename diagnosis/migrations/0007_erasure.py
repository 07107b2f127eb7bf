"""Erased reports, of which the public page still speaks, and files that are still to be erased."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("diagnosis", "0006_refused_uploads_and_outdated_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasedReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=19, unique=True, verbose_name="verification code")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("erased", models.DateTimeField(default=django.utils.timezone.now, verbose_name="erased")),
            ],
            options={
                "verbose_name": "erased report",
                "verbose_name_plural": "erased reports",
            },
        ),
        migrations.CreateModel(
            name="FileToErase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "file to erase",
                "verbose_name_plural": "files to erase",
            },
        ),
    ]
