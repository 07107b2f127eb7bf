import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import jobs.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("diagnosis", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempts", models.PositiveIntegerField(default=0, editable=False, verbose_name="attempts")),
                (
                    "next_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="next attempt"
                    ),
                ),
                ("worker", models.CharField(blank=True, editable=False, max_length=64)),
                ("reason", models.CharField(blank=True, editable=False, max_length=40, verbose_name="reason")),
                ("reason_text", models.CharField(blank=True, editable=False, max_length=500)),
                ("reason_values", models.JSONField(default=dict, editable=False)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "changed",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="changed"),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("zip", "ZIP archive"),
                            ("folder", "Folder on the server"),
                            ("s3", "Storage (S3)"),
                            ("archive", "Archive (PACS)"),
                            ("studies", "Stored radiographs, classified again"),
                            ("comparison", "Comparison of two versions"),
                        ],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("place", models.JSONField(default=dict, editable=False)),
                ("file", models.CharField(blank=True, editable=False, max_length=64)),
                ("version", models.CharField(blank=True, max_length=64, verbose_name="version")),
                ("compared_with", models.CharField(blank=True, max_length=64, verbose_name="compared with")),
                ("without_answer", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("listing", "Looking for radiographs"),
                            ("running", "Running"),
                            ("stopped", "Stopped"),
                            ("done", "Done"),
                        ],
                        default="listing",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("is_listed", models.BooleanField(default=False, editable=False)),
                ("finished", models.DateTimeField(editable=False, null=True, verbose_name="finished")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.institution",
                        verbose_name="institution",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
            },
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempts", models.PositiveIntegerField(default=0, editable=False, verbose_name="attempts")),
                (
                    "next_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="next attempt"
                    ),
                ),
                ("worker", models.CharField(blank=True, editable=False, max_length=64)),
                ("reason", models.CharField(blank=True, editable=False, max_length=40, verbose_name="reason")),
                ("reason_text", models.CharField(blank=True, editable=False, max_length=500)),
                ("reason_values", models.JSONField(default=dict, editable=False)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "changed",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="changed"),
                ),
                ("key", models.CharField(max_length=64)),
                ("place", models.TextField(blank=True)),
                ("name", models.CharField(blank=True, max_length=250, verbose_name="file name")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Classified"),
                            ("stored", "Stored without an answer"),
                            ("refused", "Refused"),
                            ("dead", "Failed"),
                            ("erased", "Erased"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("done", "Classified"), ("repeat", "Already uploaded"), ("voided", "Voided")],
                        max_length=10,
                        verbose_name="what became of it",
                    ),
                ),
                (
                    "prediction",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("Positive", "Positive"),
                            ("Negative", "Negative"),
                            ("Indeterminate", "Indeterminate"),
                        ],
                        max_length=20,
                        verbose_name="prediction",
                    ),
                ),
                ("probability", models.FloatField(null=True, verbose_name="calibrated probability of COVID")),
                ("is_counted", models.BooleanField(default=False)),
                ("queued", models.DateTimeField(null=True)),
                (
                    "diagnosis",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="diagnosis.diagnosis",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        null=True, on_delete=jobs.models.FORGET, related_name="job_items", to="diagnosis.study"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="items", to="jobs.job"
                    ),
                ),
            ],
            options={
                "verbose_name": "radiograph of a job",
                "verbose_name_plural": "radiographs of jobs",
            },
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["state", "next_at"], name="jobs_due"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["person", "created"], name="jobs_of_person"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["job", "state", "next_at"], name="items_due"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["job", "changed"], name="items_by_change"),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(fields=("job", "key"), name="one_row_per_job_and_item"),
        ),
    ]
