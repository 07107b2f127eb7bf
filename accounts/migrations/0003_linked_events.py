from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_external_identities"),
    ]

    operations = [
        migrations.AlterField(
            model_name="accountevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("registered", "Registered"),
                    ("invited", "Invited"),
                    ("accepted", "Invitation accepted"),
                    ("changed", "Details or roles changed"),
                    ("suspended", "Suspended"),
                    ("reactivated", "Reactivated"),
                    ("closed", "Closed"),
                    ("unlocked", "Sign-in unlocked"),
                    ("password", "Password set"),
                    ("second-factor-on", "Second factor set up"),
                    ("second-factor-off", "Second factor removed"),
                    ("linked", "Linked with the hospital's sign-in"),
                    ("recovery-codes", "Recovery codes renewed"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
    ]
