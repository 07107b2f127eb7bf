"""The upload history: what became of each file of the last days."""

import uuid

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("diagnosis", "0003_studies_without_an_answer"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="UploadRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="when"),
                ),
                ("file_name", models.CharField(max_length=250, verbose_name="file name")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("done", "Classified"),
                            ("repeat", "Already uploaded"),
                            ("voided", "Voided"),
                            ("stored", "Stored without an answer"),
                            ("refused", "Not classified"),
                        ],
                        max_length=10,
                        verbose_name="what became of it",
                    ),
                ),
                ("refusal", models.JSONField(null=True, verbose_name="why it was refused")),
                (
                    "reference_key",
                    models.CharField(blank=True, max_length=200, verbose_name="patient's reference"),
                ),
                ("held", models.FileField(blank=True, upload_to="", verbose_name="the refused file")),
                (
                    "entered",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                        verbose_name="what was entered with it",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.institution"
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upload_records",
                        to="diagnosis.study",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "uploaded file",
                "verbose_name_plural": "uploaded files",
                "indexes": [
                    models.Index(fields=["user", "created"], name="uploads_of_person"),
                    models.Index(fields=["held"], name="uploads_held"),
                ],
            },
        ),
    ]
