import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("diagnosis", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReaderStudy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "design",
                    models.CharField(
                        choices=[
                            ("without", "Without the model's answer"),
                            ("crossover", "Without and with the model's answer, in two sessions (crossover)"),
                        ],
                        default="crossover",
                        max_length=10,
                        verbose_name="design",
                    ),
                ),
                (
                    "washout_days",
                    models.PositiveSmallIntegerField(
                        default=28,
                        validators=[django.core.validators.MaxValueValidator(365)],
                        verbose_name="days between the two sessions",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("open", "Open"), ("closed", "Closed")],
                        default="draft",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("opened", models.DateTimeField(editable=False, null=True, verbose_name="opened")),
                ("closed", models.DateTimeField(editable=False, null=True, verbose_name="closed")),
                ("filters", models.JSONField(default=list, editable=False, verbose_name="filters that were used")),
                (
                    "found",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="radiographs that matched"),
                ),
                ("chosen", models.PositiveIntegerField(default=0, editable=False, verbose_name="cases chosen")),
                ("seed", models.BigIntegerField(default=0, editable=False, verbose_name="seed of the draw")),
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
                    "leader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="leader",
                    ),
                ),
            ],
            options={
                "verbose_name": "reader study",
                "verbose_name_plural": "reader studies",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Reader",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(verbose_name="reader")),
                ("seed", models.BigIntegerField(default=0, verbose_name="seed of the order")),
                ("joined", models.DateTimeField(null=True, verbose_name="joined")),
                ("left", models.DateTimeField(null=True, verbose_name="left")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "reader_study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="readers",
                        to="reader_studies.readerstudy",
                    ),
                ),
            ],
            options={
                "verbose_name": "reader",
                "verbose_name_plural": "readers",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.PositiveSmallIntegerField(verbose_name="case")),
                ("half", models.PositiveSmallIntegerField(verbose_name="half")),
                (
                    "reference",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("positive", "RT-PCR positive"),
                            ("negative", "RT-PCR negative"),
                            ("inconclusive", "RT-PCR inconclusive"),
                            ("antigen+", "Antigen test positive"),
                            ("antigen-", "Antigen test negative"),
                        ],
                        max_length=15,
                        verbose_name="reference",
                    ),
                ),
                (
                    "prediction",
                    models.CharField(
                        choices=[
                            ("Positive", "Positive"),
                            ("Negative", "Negative"),
                            ("Indeterminate", "Indeterminate"),
                        ],
                        max_length=20,
                        verbose_name="prediction",
                    ),
                ),
                ("probability", models.FloatField(verbose_name="calibrated probability of COVID")),
                ("operating_point", models.FloatField(verbose_name="operating point")),
                ("model_version", models.CharField(max_length=64, verbose_name="model version")),
                (
                    "diagnosis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="diagnosis.diagnosis"
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reader_study_cases",
                        to="diagnosis.study",
                    ),
                ),
                (
                    "reader_study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="reader_studies.readerstudy",
                    ),
                ),
            ],
            options={
                "verbose_name": "case",
                "verbose_name_plural": "cases",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("session", models.PositiveSmallIntegerField(verbose_name="session")),
                ("place", models.PositiveSmallIntegerField(verbose_name="place in the reader's order")),
                ("with_answer", models.BooleanField(verbose_name="with the model's answer")),
                ("shown", models.DateTimeField(null=True, verbose_name="first shown")),
                ("answered", models.DateTimeField(null=True, verbose_name="answered")),
                (
                    "conclusion",
                    models.CharField(
                        blank=True,
                        choices=[("likely", "COVID likely"), ("unlikely", "COVID unlikely"), ("unsure", "Cannot tell")],
                        max_length=10,
                        verbose_name="conclusion",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="what else was seen")),
                (
                    "suspicion",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Certainly no COVID"),
                            (2, "Probably no COVID"),
                            (3, "As likely as not"),
                            (4, "Probably COVID"),
                            (5, "Certainly COVID"),
                        ],
                        null=True,
                        verbose_name="suspicion",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="readings", to="reader_studies.case"
                    ),
                ),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="readings", to="reader_studies.reader"
                    ),
                ),
            ],
            options={
                "verbose_name": "reading in a reader study",
                "verbose_name_plural": "readings in reader studies",
            },
        ),
        migrations.AddConstraint(
            model_name="reader",
            constraint=models.UniqueConstraint(fields=("reader_study", "person"), name="one_reader_per_person"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(fields=("reader_study", "study"), name="one_case_per_radiograph"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(fields=("reader_study", "number"), name="one_case_per_number"),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(
                fields=("reader", "case", "session"), name="one_reading_per_case_and_session"
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(fields=("reader", "session", "place"), name="one_reading_per_place"),
        ),
    ]
