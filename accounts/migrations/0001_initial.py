import uuid

import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.clock
import accounts.models.people
import accounts.normalise


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=100, unique=True)),
                ("span", models.PositiveBigIntegerField(db_index=True)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Institution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "name_key",
                    accounts.normalise.NormalisedField(editable=False, max_length=200, source="name", unique=True),
                ),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
            ],
            options={
                "verbose_name": "institution",
                "verbose_name_plural": "institutions",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("invited", "Invited"),
                            ("active", "Active"),
                            ("suspended", "Suspended"),
                            ("closed", "Closed"),
                        ],
                        db_index=True,
                        default="active",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "invitations",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="invitations sent"),
                ),
                ("session_epoch", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Manages accounts and institutions; sees no radiograph.",
                        verbose_name="administrator",
                    ),
                ),
                (
                    "is_radiographer",
                    models.BooleanField(
                        default=False,
                        help_text="Uploads radiographs and sees the institution's results.",
                        verbose_name="radiographer",
                    ),
                ),
                (
                    "shows_heat_map",
                    models.BooleanField(
                        default=True,
                        help_text="You can still switch it on or off for each radiograph.",
                        verbose_name="show the heat map by default",
                    ),
                ),
                (
                    "reads_blind",
                    models.BooleanField(
                        default=False,
                        help_text="The model's answer is shown only after you have read the radiograph yourself.",
                        verbose_name="blind reading",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True, help_text="Empty: that of the site.", max_length=64, verbose_name="time zone"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True, help_text="Empty: that of the browser.", max_length=10, verbose_name="language"
                    ),
                ),
                (
                    "username_key",
                    accounts.normalise.NormalisedField(editable=False, max_length=200, source="username", unique=True),
                ),
                (
                    "email_key",
                    accounts.normalise.NormalisedField(editable=False, max_length=254, source="email", unique=True),
                ),
                (
                    "name_key",
                    accounts.normalise.FoundByField(
                        default="", editable=False, max_length=300, source="first_name last_name"
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="users",
                        to="accounts.institution",
                        verbose_name="institution",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", accounts.models.people.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="AccountEvent",
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
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="why")),
                ("detail", models.JSONField(default=dict, verbose_name="detail")),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Empty: from the command line.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "account event",
                "verbose_name_plural": "account events",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("session_hash", models.CharField(max_length=64)),
                ("has_second_factor", models.BooleanField(default=False)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires", models.DateTimeField(db_index=True)),
                ("clock", models.JSONField(default=accounts.clock.machine_moment, editable=False)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExternalIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issuer", models.CharField(max_length=255)),
                ("subject", models.CharField(max_length=255)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "subject"), name="one_person_per_subject"),
                    models.UniqueConstraint(fields=("person", "issuer"), name="one_subject_per_person_and_issuer"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_active", True), ("status", "active")),
                    models.Q(("is_active", False), ("status__in", ["invited", "suspended", "closed"])),
                    _connector="OR",
                ),
                name="only_active_people_are_active",
            ),
        ),
    ]
