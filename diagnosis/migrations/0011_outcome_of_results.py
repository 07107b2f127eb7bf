"""The outcome of a study is repeated on its results, and every index of the list holds all that its filters ask."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import migrations, models

import diagnosis.fields

LISTED = ["prediction", "requested_by", "model_version", "review_state", "outcome"]
ORDERS = ["created", "probability"]


def repeat_outcomes(apps: Any, schema_editor: Any) -> None:
    studies, results = (apps.get_model("diagnosis", name).objects for name in ("Study", "Diagnosis"))
    for outcome in ("positive", "negative"):
        results.filter(study__in=studies.filter(outcome=outcome)).update(outcome=outcome)


def index(name: str, *first: str, last: tuple[str, ...] = ()) -> migrations.AddIndex:
    listed = [column for column in LISTED if column not in first]
    columns = ["institution", "standing", *first, "id", *listed, *last]
    return migrations.AddIndex("diagnosis", models.Index(fields=columns, name=name))


def rebuilt() -> Iterator[Any]:
    """One after the other: MySQL keeps no foreign key without an index that begins with its column."""
    for name, order, last in [
        ("diagnoses_by_date", "created", "probability"),
        ("diagnoses_by_score", "probability", "created"),
    ]:
        yield migrations.RemoveIndex("diagnosis", name)
        yield index(name, order, last=(last,))
    for column in LISTED:
        for order in ORDERS:
            if column != "outcome":
                yield migrations.RemoveIndex("diagnosis", f"{column}_by_{order}")
            yield index(f"{column}_by_{order}", column, order)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_name_key"),
        ("diagnosis", "0010_kept_figures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="diagnosis",
            name="outcome",
            field=diagnosis.fields.StudysOutcome(
                blank=True,
                choices=[("positive", "RT-PCR positive"), ("negative", "RT-PCR negative")],
                default="",
                editable=False,
                max_length=10,
                verbose_name="RT-PCR",
            ),
        ),
        migrations.RunPython(repeat_outcomes, migrations.RunPython.noop, elidable=True),
        migrations.RemoveIndex("study", "study_by_outcome"),
        *rebuilt(),
    ]
