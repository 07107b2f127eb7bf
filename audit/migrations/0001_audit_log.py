"""The audit log and its end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                (
                    "hash",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000", max_length=64
                    ),
                ),
            ],
            options={
                "verbose_name": "end of the audit log",
                "verbose_name_plural": "end of the audit log",
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("sequence", models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                ("time", models.DateTimeField(db_index=True, verbose_name="when")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("signed-in", "Signed in"),
                            ("sign-in-failed", "Failed to sign in"),
                            ("locked-out", "Locked out"),
                            ("signed-out", "Signed out"),
                            ("account-registered", "Account registered"),
                            ("account-invited", "Account invited"),
                            ("account-accepted", "Invitation accepted"),
                            ("account-changed", "Account changed"),
                            ("account-suspended", "Account suspended"),
                            ("account-reactivated", "Account reactivated"),
                            ("account-closed", "Account closed"),
                            ("account-unlocked", "Sign-in unlocked"),
                            ("account-password", "Password set"),
                            ("account-second-factor-on", "Second factor set up"),
                            ("account-second-factor-off", "Second factor removed"),
                            ("account-recovery-codes", "Recovery codes renewed"),
                            ("account-profile", "Own profile changed"),
                            ("result-viewed", "Result viewed"),
                            ("image-viewed", "Image viewed"),
                            ("original-downloaded", "Original file downloaded"),
                            ("patient-viewed", "Patient viewed"),
                            ("results-exported", "Results exported"),
                            ("upload-refused", "Upload refused"),
                            ("study-uploaded", "Study uploaded"),
                            ("study-classified", "Study classified"),
                            ("study-read", "Own reading given"),
                            ("study-reviewed", "Result reviewed"),
                            ("study-outcome", "RT-PCR outcome entered"),
                            ("study-edited", "Study changed"),
                            ("study-moved", "Study moved to another patient"),
                            ("study-voided", "Study voided"),
                            ("study-restored", "Study restored"),
                            ("patient-edited", "Patient changed"),
                            ("report-made", "Report made"),
                            ("report-viewed", "Report viewed"),
                            ("report-opened", "Report opened or downloaded"),
                            ("model-chosen", "Another model chosen"),
                            ("model-first-used", "Model answered for the first time"),
                            ("patient-exported", "Patient's data exported"),
                            ("patient-erased", "Patient erased"),
                            ("study-erased", "Study erased"),
                        ],
                        db_index=True,
                        max_length=40,
                        verbose_name="what",
                    ),
                ),
                (
                    "actor",
                    models.UUIDField(
                        help_text="Empty: the command line, or somebody who is not signed in.",
                        null=True,
                        verbose_name="who",
                    ),
                ),
                ("institution", models.UUIDField(null=True, verbose_name="institution")),
                (
                    "subject_kind",
                    models.CharField(blank=True, max_length=20, verbose_name="kind of what it was done to"),
                ),
                ("subject", models.UUIDField(null=True, verbose_name="what it was done to")),
                ("patient", models.UUIDField(null=True, verbose_name="patient")),
                ("detail", models.JSONField(default=dict, verbose_name="detail")),
                ("request", models.CharField(blank=True, max_length=32, verbose_name="request")),
                ("previous", models.CharField(max_length=64, verbose_name="hash of the entry before")),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit log",
                "ordering": ["-sequence"],
                "indexes": [
                    models.Index(fields=["actor", "sequence"], name="audit_by_actor"),
                    models.Index(fields=["subject", "actor", "time"], name="audit_by_subject"),
                    models.Index(fields=["patient", "sequence"], name="audit_by_patient"),
                ],
            },
        ),
    ]
