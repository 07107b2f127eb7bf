"""The codes of merged patients."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(
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
                    ("results-listed", "Results listed"),
                    ("patients-listed", "Patients listed"),
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
                    ("patients-merged", "Patients merged"),
                    ("patients-unmerged", "Merging of patients undone"),
                    ("report-made", "Report made"),
                    ("report-viewed", "Report viewed"),
                    ("report-opened", "Report opened or downloaded"),
                    ("model-chosen", "Another model chosen"),
                    ("model-first-used", "Model answered for the first time"),
                    ("patient-exported", "Patient's data exported"),
                    ("patient-erased", "Patient erased"),
                    ("study-erased", "Study erased"),
                    ("backup-made", "Backup made"),
                    ("backup-restored", "Backup restored"),
                ],
                db_index=True,
                max_length=40,
                verbose_name="what",
            ),
        ),
    ]
