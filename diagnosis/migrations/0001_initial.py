import uuid

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import diagnosis.models.fields
import diagnosis.models.patients
import diagnosis.models.reports


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
        migrations.CreateModel(
            name="ModelVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("version", models.CharField(max_length=64, verbose_name="version")),
                ("weights_sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the weights")),
                ("card", models.JSONField(verbose_name="model card")),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="first used")),
            ],
            options={
                "verbose_name": "model version",
                "verbose_name_plural": "model versions",
                "ordering": ["-created"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "weights_sha256"), name="one_row_per_model_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="OperatingPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="in force from"
                    ),
                ),
                ("point", models.FloatField(null=True, verbose_name="operating point")),
                ("point_low", models.FloatField(null=True)),
                ("point_high", models.FloatField(null=True)),
                ("positives", models.PositiveIntegerField(default=0, verbose_name="RT-PCR positive")),
                ("negatives", models.PositiveIntegerField(default=0, verbose_name="RT-PCR negative")),
                ("sensitivity", models.FloatField(null=True, verbose_name="sensitivity")),
                ("sensitivity_low", models.FloatField(null=True)),
                ("sensitivity_high", models.FloatField(null=True)),
                ("specificity", models.FloatField(null=True, verbose_name="specificity")),
                ("specificity_low", models.FloatField(null=True)),
                ("specificity_high", models.FloatField(null=True)),
                (
                    "chosen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operating_points",
                        to="diagnosis.modelversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "operating point",
                "verbose_name_plural": "operating points",
            },
        ),
        migrations.CreateModel(
            name="Diagnosis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="classified"),
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
                ("raw_probability", models.FloatField(verbose_name="uncalibrated probability of COVID")),
                ("confidence", models.FloatField(null=True, verbose_name="probability of the label")),
                ("operating_point", models.FloatField(verbose_name="operating point")),
                ("indeterminate_low", models.FloatField(verbose_name="indeterminate from")),
                ("indeterminate_high", models.FloatField(verbose_name="indeterminate below")),
                ("engine", models.CharField(max_length=30, verbose_name="engine")),
                ("milliseconds", models.FloatField(verbose_name="time taken in milliseconds")),
                (
                    "heat_map",
                    models.BinaryField(
                        verbose_name="heat map: a grey PNG, one pixel for each place, bright = evidence for COVID"
                    ),
                ),
                (
                    "quality",
                    models.CharField(
                        blank=True,
                        choices=[("ok", "Good"), ("limited", "Limited")],
                        max_length=10,
                        verbose_name="picture quality",
                    ),
                ),
                (
                    "gate_distance",
                    models.FloatField(
                        editable=False,
                        null=True,
                        verbose_name="distance from what the model learned from, less its limit",
                    ),
                ),
                (
                    "quality_codes",
                    models.JSONField(default=list, verbose_name="what limits the picture, and what to look at"),
                ),
                (
                    "opacities",
                    models.CharField(
                        blank=True,
                        choices=[("yes", "Yes"), ("unclear", "Unclear"), ("no", "No")],
                        max_length=10,
                        verbose_name="opacities",
                    ),
                ),
                (
                    "opacity_probability",
                    models.FloatField(null=True, verbose_name="calibrated probability of opacities"),
                ),
                (
                    "opacity_map",
                    models.BinaryField(default=b"", verbose_name="where opacities are: a grey PNG, as the heat map"),
                ),
                (
                    "lungs",
                    models.JSONField(null=True, verbose_name="outlines of the lungs, in fractions of width and height"),
                ),
                ("heat_in_lungs", models.FloatField(null=True, verbose_name="share of the heat map inside the lungs")),
                (
                    "review_state",
                    models.CharField(
                        choices=[
                            ("unreviewed", "Not reviewed"),
                            ("agrees", "Agrees"),
                            ("disagrees", "Disagrees"),
                            ("unsure", "Cannot tell"),
                            ("decided", "Decided by the reader"),
                        ],
                        default="unreviewed",
                        editable=False,
                        max_length=20,
                        verbose_name="review",
                    ),
                ),
                (
                    "conclusion",
                    models.CharField(
                        blank=True,
                        choices=[("likely", "COVID likely"), ("unlikely", "COVID unlikely"), ("unsure", "Cannot tell")],
                        default="",
                        editable=False,
                        max_length=10,
                        verbose_name="conclusion",
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[("kept", "Kept"), ("voided", "Voided")],
                        default="kept",
                        editable=False,
                        max_length=10,
                        verbose_name="kept or voided",
                    ),
                ),
                (
                    "outcome",
                    diagnosis.models.fields.StudysOutcome(
                        blank=True,
                        choices=[
                            ("positive", "RT-PCR positive"),
                            ("negative", "RT-PCR negative"),
                            ("inconclusive", "RT-PCR inconclusive"),
                            ("antigen+", "Antigen test positive"),
                            ("antigen-", "Antigen test negative"),
                        ],
                        default="",
                        editable=False,
                        max_length=15,
                        verbose_name="RT-PCR",
                    ),
                ),
                (
                    "institution",
                    diagnosis.models.fields.StudysInstitution(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="diagnoses",
                        to="accounts.institution",
                        verbose_name="institution",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="diagnoses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="diagnoses",
                        to="diagnosis.modelversion",
                        verbose_name="model version",
                    ),
                ),
                (
                    "site_point",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="diagnosis.operatingpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "diagnosis",
                "verbose_name_plural": "diagnoses",
            },
        ),
        migrations.CreateModel(
            name="Patient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="registered"),
                ),
                (
                    "reference",
                    models.CharField(
                        blank=True,
                        help_text="The number by which the hospital knows the patient.",
                        max_length=64,
                        verbose_name="patient reference",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=300, verbose_name="name")),
                ("birth_date", models.DateField(blank=True, null=True, verbose_name="date of birth")),
                (
                    "sex",
                    models.CharField(
                        blank=True,
                        choices=[("F", "Female"), ("M", "Male"), ("O", "Other")],
                        max_length=1,
                        verbose_name="sex",
                    ),
                ),
                (
                    "keeper",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        help_text="Empty: the institution. Else the UUID of the one person who may know of it (RADIOGRAPHERS_SEE).",
                        max_length=36,
                    ),
                ),
                (
                    "reference_key",
                    diagnosis.models.patients.ReferenceKeyField(
                        editable=False, max_length=200, null=True, source="reference"
                    ),
                ),
                (
                    "name_key",
                    diagnosis.models.fields.SearchKeyField(default="", editable=False, max_length=150, source="name"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="patients", to="accounts.institution"
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="diagnosis.patient",
                        verbose_name="merged into",
                    ),
                ),
            ],
            options={
                "verbose_name": "patient",
                "verbose_name_plural": "patients",
            },
        ),
        migrations.CreateModel(
            name="PatientMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="when"),
                ),
                ("reason", models.TextField(max_length=300, verbose_name="reason")),
                (
                    "studies",
                    models.JSONField(
                        default=list, help_text="The keys of the studies that went from one to the other."
                    ),
                ),
                (
                    "last_event",
                    models.BigIntegerField(default=0, help_text="The newest line of history of both when it was done."),
                ),
                ("undone", models.DateTimeField(editable=False, null=True, verbose_name="undone")),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.institution"
                    ),
                ),
                (
                    "kept",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="merges", to="diagnosis.patient"
                    ),
                ),
                (
                    "merged",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="diagnosis.patient"
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "merge of patients",
                "verbose_name_plural": "merges of patients",
            },
        ),
        migrations.CreateModel(
            name="PatientWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=64)),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.institution",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="words",
                        to="diagnosis.patient",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Refusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="when"),
                ),
                ("reason", models.CharField(max_length=40, verbose_name="reason")),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.institution",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "refused upload",
                "verbose_name_plural": "refused uploads",
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(verbose_name="made")),
                ("is_deidentified", models.BooleanField(verbose_name="de-identified")),
                (
                    "code",
                    models.CharField(
                        default=diagnosis.models.reports.new_verification_code,
                        editable=False,
                        max_length=19,
                        unique=True,
                        verbose_name="verification code",
                    ),
                ),
                ("pdf", models.FileField(upload_to="")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size", models.PositiveIntegerField(verbose_name="size in bytes")),
                ("outdated", models.DateTimeField(null=True, verbose_name="out of date since")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reports", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "diagnosis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="diagnosis.diagnosis"
                    ),
                ),
                (
                    "superseded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="supersedes",
                        to="diagnosis.report",
                    ),
                ),
            ],
            options={
                "verbose_name": "report",
                "verbose_name_plural": "reports",
            },
        ),
        migrations.CreateModel(
            name="ResultChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(help_text="The day in UTC on which the result was made.")),
                ("number", models.PositiveIntegerField(default=1)),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.institution",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "conclusion",
                    models.CharField(
                        choices=[("likely", "COVID likely"), ("unlikely", "COVID unlikely"), ("unsure", "Cannot tell")],
                        max_length=10,
                        verbose_name="conclusion",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="what else was seen")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="reviewed"),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("agrees", "Agrees"),
                            ("disagrees", "Disagrees"),
                            ("unsure", "Cannot tell"),
                            ("decided", "Decided by the reader"),
                        ],
                        max_length=20,
                        verbose_name="verdict",
                    ),
                ),
                ("reason", models.TextField(blank=True, max_length=2000, verbose_name="remarks")),
                ("is_blind", models.BooleanField(default=False, verbose_name="before the model's answer was shown")),
                (
                    "diagnosis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="diagnosis.diagnosis"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
            },
        ),
        migrations.CreateModel(
            name="Study",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="uploaded"),
                ),
                (
                    "file_name",
                    models.CharField(
                        help_text="As it was called on the person's computer.", max_length=120, verbose_name="file name"
                    ),
                ),
                ("format", models.CharField(max_length=10, verbose_name="format")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "sop_instance_uid",
                    models.CharField(editable=False, max_length=64, null=True, verbose_name="SOP Instance UID"),
                ),
                (
                    "pixels_sha256",
                    models.CharField(editable=False, max_length=64, null=True, verbose_name="SHA-256 of the pixels"),
                ),
                (
                    "decoded_sha256",
                    models.CharField(
                        blank=True, editable=False, max_length=64, verbose_name="SHA-256 of the stored values"
                    ),
                ),
                (
                    "reading_notes",
                    models.JSONField(default=list, editable=False, verbose_name="what in the file could not be used"),
                ),
                ("size", models.PositiveBigIntegerField(verbose_name="size in bytes")),
                ("width", models.PositiveIntegerField(verbose_name="width in pixels")),
                ("height", models.PositiveIntegerField(verbose_name="height in pixels")),
                (
                    "dicom",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder, null=True, verbose_name="DICOM details"
                    ),
                ),
                (
                    "correction",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("turn-90", "Turn it clockwise by 90°"),
                            ("turn-180", "Turn it by 180°"),
                            ("turn-270", "Turn it anticlockwise by 90°"),
                            ("invert", "Invert it: black for white"),
                            ("as-is", "Leave it as it is"),
                        ],
                        editable=False,
                        max_length=10,
                        verbose_name="turned or inverted before it was assessed",
                    ),
                ),
                (
                    "unanswered",
                    models.DateTimeField(editable=False, null=True, verbose_name="stored without an answer"),
                ),
                ("refusal", models.JSONField(editable=False, null=True, verbose_name="why it has no answer")),
                (
                    "received_from",
                    models.CharField(
                        blank=True, editable=False, max_length=16, verbose_name="received from (AE title)"
                    ),
                ),
                ("study_date", models.DateField(blank=True, null=True, verbose_name="study date")),
                (
                    "projection",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PA", "PA (standing, from behind)"),
                            ("AP", "AP (from the front)"),
                            ("LATERAL", "Lateral"),
                        ],
                        max_length=10,
                        verbose_name="projection",
                    ),
                ),
                ("notes", models.TextField(blank=True, max_length=5000, verbose_name="clinical notes")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("positive", "RT-PCR positive"),
                            ("negative", "RT-PCR negative"),
                            ("inconclusive", "RT-PCR inconclusive"),
                            ("antigen+", "Antigen test positive"),
                            ("antigen-", "Antigen test negative"),
                        ],
                        editable=False,
                        max_length=15,
                        verbose_name="RT-PCR",
                    ),
                ),
                ("outcome_date", models.DateField(editable=False, null=True, verbose_name="date of the RT-PCR sample")),
                ("voided", models.DateTimeField(editable=False, null=True, verbose_name="voided")),
                ("void_reason", models.CharField(blank=True, editable=False, max_length=300, verbose_name="reason")),
                ("original", models.FileField(upload_to="")),
                ("display", models.FileField(upload_to="")),
                ("thumbnail", models.FileField(upload_to="")),
                ("full", models.FileField(blank=True, upload_to="")),
                ("notes_key", diagnosis.models.fields.WordsField(default="", editable=False, source="notes")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="studies", to="accounts.institution"
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="studies",
                        to="diagnosis.patient",
                        verbose_name="patient",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="studies", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "voided_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "study",
                "verbose_name_plural": "studies",
            },
        ),
        migrations.CreateModel(
            name="OwnReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "conclusion",
                    models.CharField(
                        choices=[("likely", "COVID likely"), ("unlikely", "COVID unlikely"), ("unsure", "Cannot tell")],
                        max_length=10,
                        verbose_name="conclusion",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="what else was seen")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="read"),
                ),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="own_readings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="own_readings", to="diagnosis.study"
                    ),
                ),
            ],
            options={
                "verbose_name": "reading",
                "verbose_name_plural": "readings",
            },
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="entered"),
                ),
                (
                    "result",
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
                        verbose_name="result",
                    ),
                ),
                ("sampled", models.DateField(blank=True, null=True, verbose_name="date of the sample")),
                (
                    "entered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outcomes", to="diagnosis.study"
                    ),
                ),
            ],
            options={
                "verbose_name": "outcome",
                "verbose_name_plural": "outcomes",
            },
        ),
        migrations.CreateModel(
            name="Embargo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.UUIDField(editable=False)),
                ("is_in_force", models.BooleanField(default=True, verbose_name="in force")),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="diagnosis.study"
                    ),
                ),
            ],
            options={
                "verbose_name": "embargo",
                "verbose_name_plural": "embargoes",
            },
        ),
        migrations.AddField(
            model_name="diagnosis",
            name="study",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="diagnoses", to="diagnosis.study"
            ),
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField(db_index=True, verbose_name="until")),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "study",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="claim", to="diagnosis.study"
                    ),
                ),
            ],
            options={
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
            },
        ),
        migrations.CreateModel(
            name="StudyEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="when"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("uploaded", "Uploaded"),
                            ("classified", "Classified"),
                            ("read", "Read before the model's answer was shown"),
                            ("reviewed", "Reviewed"),
                            ("outcome", "RT-PCR outcome entered"),
                            ("edited", "Details changed"),
                            ("moved", "Moved to another patient"),
                            ("merged", "Patients merged"),
                            ("unmerged", "Merge undone"),
                            ("voided", "Voided"),
                            ("restored", "Restored"),
                            ("reported", "Report made"),
                            ("printed", "Report opened or downloaded"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                (
                    "detail",
                    models.JSONField(
                        default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name="detail"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="diagnosis.study"
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
            },
        ),
        migrations.CreateModel(
            name="StudyWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=64)),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.institution",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="words",
                        to="diagnosis.study",
                    ),
                ),
            ],
        ),
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
                ("reference_key", models.CharField(blank=True, max_length=200, verbose_name="patient's reference")),
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
            },
        ),
        migrations.CreateModel(
            name="DayFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("report", "Report"), ("scorecard", "Scorecard"), ("drift", "Drift")], max_length=10
                    ),
                ),
                ("start", models.DateTimeField()),
                ("end", models.DateTimeField()),
                (
                    "changes",
                    models.PositiveBigIntegerField(help_text="The sum of the changes before anything was counted."),
                ),
                ("figures", models.JSONField()),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.institution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("institution", "kind", "start", "end"), name="one_row_of_figures_per_day"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["institution", "name_key"], name="patient_by_name"),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.UniqueConstraint(
                fields=("institution", "reference_key", "keeper"), name="one_patient_per_reference"
            ),
        ),
        migrations.AddIndex(
            model_name="patientword",
            index=models.Index(fields=["institution", "word", "patient"], name="patients_by_word"),
        ),
        migrations.AddIndex(
            model_name="patientword",
            index=models.Index(fields=["patient", "word"], name="words_of_patient"),
        ),
        migrations.AddIndex(
            model_name="refusal",
            index=models.Index(fields=["institution", "created"], name="refusals_by_date"),
        ),
        migrations.AddIndex(
            model_name="resultchange",
            index=models.Index(fields=["institution", "day", "number"], name="changes_by_day"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["diagnosis", "created", "id"], name="first_review"),
        ),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(fields=["institution", "unanswered"], name="study_without_answer"),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.UniqueConstraint(
                fields=("institution", "sha256"), name="one_study_per_file_and_institution"
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.UniqueConstraint(
                fields=("institution", "sop_instance_uid"), name="one_study_per_instance"
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.UniqueConstraint(fields=("institution", "pixels_sha256"), name="one_study_per_picture"),
        ),
        migrations.AddConstraint(
            model_name="ownreading",
            constraint=models.UniqueConstraint(fields=("study", "reader"), name="one_own_reading_per_study_and_reader"),
        ),
        migrations.AddConstraint(
            model_name="embargo",
            constraint=models.UniqueConstraint(fields=("reader", "study", "purpose"), name="one_embargo_per_purpose"),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "created",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "conclusion",
                    "outcome",
                    "probability",
                ],
                name="diagnoses_by_date",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "probability",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "conclusion",
                    "outcome",
                    "created",
                ],
                name="diagnoses_by_score",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "prediction",
                    "created",
                    "id",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "conclusion",
                    "outcome",
                ],
                name="prediction_by_created",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "prediction",
                    "probability",
                    "id",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "conclusion",
                    "outcome",
                ],
                name="prediction_by_probability",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "requested_by",
                    "created",
                    "id",
                    "prediction",
                    "model_version",
                    "review_state",
                    "conclusion",
                    "outcome",
                ],
                name="requested_by_by_created",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "requested_by",
                    "probability",
                    "id",
                    "prediction",
                    "model_version",
                    "review_state",
                    "conclusion",
                    "outcome",
                ],
                name="requested_by_by_probability",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "model_version",
                    "created",
                    "id",
                    "prediction",
                    "requested_by",
                    "review_state",
                    "conclusion",
                    "outcome",
                ],
                name="model_version_by_created",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "model_version",
                    "probability",
                    "id",
                    "prediction",
                    "requested_by",
                    "review_state",
                    "conclusion",
                    "outcome",
                ],
                name="model_version_by_probability",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "review_state",
                    "created",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "conclusion",
                    "outcome",
                ],
                name="review_state_by_created",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "review_state",
                    "probability",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "conclusion",
                    "outcome",
                ],
                name="review_state_by_probability",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "conclusion",
                    "created",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "outcome",
                ],
                name="conclusion_by_created",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "conclusion",
                    "probability",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "outcome",
                ],
                name="conclusion_by_probability",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "outcome",
                    "created",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "conclusion",
                ],
                name="outcome_by_created",
            ),
        ),
        migrations.AddIndex(
            model_name="diagnosis",
            index=models.Index(
                fields=[
                    "institution",
                    "standing",
                    "outcome",
                    "probability",
                    "id",
                    "prediction",
                    "requested_by",
                    "model_version",
                    "review_state",
                    "conclusion",
                ],
                name="outcome_by_probability",
            ),
        ),
        migrations.AddConstraint(
            model_name="diagnosis",
            constraint=models.UniqueConstraint(
                fields=("study", "model_version"), name="one_diagnosis_per_study_and_model"
            ),
        ),
        migrations.AddIndex(
            model_name="studyword",
            index=models.Index(fields=["institution", "word", "study"], name="studies_by_word"),
        ),
        migrations.AddIndex(
            model_name="studyword",
            index=models.Index(fields=["study", "word"], name="words_of_study"),
        ),
        migrations.AddIndex(
            model_name="uploadrecord",
            index=models.Index(fields=["user", "created"], name="uploads_of_person"),
        ),
        migrations.AddIndex(
            model_name="uploadrecord",
            index=models.Index(fields=["held"], name="uploads_held"),
        ),
    ]
