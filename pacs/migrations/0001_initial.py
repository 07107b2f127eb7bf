import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import pacs.models.instances
import pacs.models.peers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("diagnosis", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Peer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "name",
                    models.CharField(
                        help_text="The name that radiographers know it by.", max_length=60, verbose_name="name"
                    ),
                ),
                (
                    "ae_title",
                    models.CharField(
                        max_length=16, validators=[pacs.models.peers.check_ae_title], verbose_name="AE title"
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True,
                        help_text="IP address or host name of its DICOM service.",
                        max_length=255,
                        verbose_name="address",
                    ),
                ),
                (
                    "port",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Port of its DICOM service, often 104 or 11112. Leave empty if it only sends.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port",
                    ),
                ),
                ("uses_tls", models.BooleanField(default=False, verbose_name="TLS for its DICOM service")),
                (
                    "dicomweb_url",
                    models.CharField(
                        blank=True,
                        help_text="For example https://pacs.example.org/dicom-web. If empty, C-FIND, C-MOVE and C-STORE are used.",
                        max_length=300,
                        validators=[pacs.models.peers.check_web_address],
                        verbose_name="DICOMweb URL",
                    ),
                ),
                (
                    "changes_url",
                    models.CharField(
                        blank=True,
                        help_text="Orthanc only: new radiographs are noticed sooner through its list of changes.",
                        max_length=300,
                        validators=[pacs.models.peers.check_web_address],
                        verbose_name="URL of Orthanc",
                    ),
                ),
                (
                    "credentials",
                    models.CharField(
                        blank=True,
                        help_text="The last part of the name of the setting PACS_CREDENTIALS_… that holds its user name and password.",
                        max_length=40,
                        verbose_name="credentials",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("may_store", models.BooleanField(default=False, verbose_name="may send radiographs here (C-STORE)")),
                ("is_searched", models.BooleanField(default=False, verbose_name="radiographers can search it")),
                ("is_watched", models.BooleanField(default=False, verbose_name="fetch new radiographs automatically")),
                (
                    "returns",
                    models.CharField(
                        choices=[
                            ("never", "Never"),
                            ("at-once", "As soon as there is an answer"),
                            ("reviewed", "After a radiographer's review"),
                            ("by-hand", "Only what a radiographer sends"),
                        ],
                        default="never",
                        max_length=10,
                        verbose_name="send results back to it",
                    ),
                ),
                ("sends_from", models.BigIntegerField(editable=False, null=True)),
                ("sent_event", models.BigIntegerField(default=0, editable=False)),
                ("seen_change", models.BigIntegerField(default=0, editable=False)),
                ("heard", models.DateTimeField(editable=False, null=True, verbose_name="last reply")),
                ("fault", models.CharField(blank=True, editable=False, max_length=300, verbose_name="last error")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.institution",
                        verbose_name="institution",
                    ),
                ),
            ],
            options={
                "verbose_name": "PACS or modality",
                "verbose_name_plural": "PACS and modalities",
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Instance",
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
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("store", "sent here"),
                            ("watch", "fetched automatically"),
                            ("hand", "fetched by a person"),
                        ],
                        max_length=5,
                        verbose_name="how it arrived",
                    ),
                ),
                ("sop_instance_uid", models.CharField(max_length=64)),
                ("sop_class_uid", models.CharField(blank=True, max_length=64)),
                ("series_instance_uid", models.CharField(blank=True, max_length=64)),
                ("study_instance_uid", models.CharField(blank=True, max_length=64)),
                ("ae_title", models.CharField(blank=True, max_length=16, verbose_name="AE title")),
                ("modality", models.CharField(blank=True, max_length=16, verbose_name="modality")),
                ("accession_number", models.CharField(blank=True, max_length=64, verbose_name="accession number")),
                ("reference_key", models.CharField(blank=True, max_length=200)),
                (
                    "requesting_department",
                    models.CharField(blank=True, max_length=64, verbose_name="requesting department"),
                ),
                ("acquired", models.DateTimeField(null=True, verbose_name="acquired")),
                ("arrived", models.DateTimeField(null=True, verbose_name="received")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("found", "To be fetched"),
                            ("received", "Queued"),
                            ("classified", "Classified"),
                            ("sent", "Result sent back"),
                            ("stored", "Stored without an answer"),
                            ("refused", "Refused"),
                            ("dead", "Failed"),
                            ("erased", "Erased"),
                        ],
                        default="found",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("file", models.CharField(blank=True, max_length=64)),
                ("without_answer", models.BooleanField(default=False)),
                ("size", models.PositiveBigIntegerField(default=0)),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.institution",
                        verbose_name="institution",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        help_text="Stored on behalf of the person who fetched it, otherwise of the institution's service account.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        null=True,
                        on_delete=pacs.models.instances.FORGET,
                        related_name="pacs_instances",
                        to="diagnosis.study",
                    ),
                ),
                (
                    "peer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instances",
                        to="pacs.peer",
                        verbose_name="from",
                    ),
                ),
            ],
            options={
                "verbose_name": "radiograph from the PACS",
                "verbose_name_plural": "radiographs from the PACS",
            },
        ),
        migrations.CreateModel(
            name="Outgoing",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sr", "Structured report"),
                            ("sc", "Picture with the answer and the heat map"),
                            ("pdf", "PDF report"),
                        ],
                        max_length=10,
                        verbose_name="object",
                    ),
                ),
                ("sop_instance_uid", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "To be sent"), ("sent", "Sent"), ("dead", "Failed")],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("sent", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "diagnosis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="diagnosis.diagnosis"
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        help_text="The review, voiding or restoring that the object is about. None for the first one of a result.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="diagnosis.studyevent",
                    ),
                ),
                (
                    "instance",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outgoing",
                        to="pacs.instance",
                    ),
                ),
                (
                    "peer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pacs.peer", verbose_name="to"
                    ),
                ),
            ],
            options={
                "verbose_name": "result for the PACS",
                "verbose_name_plural": "results for the PACS",
                "indexes": [models.Index(fields=["state", "next_at"], name="outgoing_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("peer", "sop_instance_uid"), name="one_row_per_object_and_peer")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="instance",
            index=models.Index(fields=["state", "next_at"], name="instances_due"),
        ),
        migrations.AddIndex(
            model_name="instance",
            index=models.Index(fields=["institution", "created"], name="instances_by_date"),
        ),
        migrations.AddIndex(
            model_name="instance",
            index=models.Index(fields=["institution", "reference_key"], name="instances_by_patient"),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.UniqueConstraint(
                fields=("institution", "sop_instance_uid"), name="one_row_per_received_instance"
            ),
        ),
    ]
