"""A result's most probable appearance, as a filter of the list: a column, and a place in each index of the list.

Each index is made anew before the next one goes: MariaDB lets none go that is the last one of a foreign key.
"""

from collections.abc import Iterator

from django.db import migrations, models

_LISTED = ("prediction", "requested_by", "model_version", "review_state", "conclusion", "outcome", "appearance")
_CHOICES = [
    ("typical", "Typical appearance"),
    ("indeterminate", "Indeterminate appearance"),
    ("atypical", "Atypical appearance"),
    ("negative", "Negative for pneumonia"),
]


def _index(name: str, *first: str, last: tuple[str, ...] = ()) -> models.Index:
    listed = [column for column in _LISTED if column not in first]
    return models.Index(fields=["institution", "standing", *first, "id", *listed, *last], name=name)


def _indexes() -> Iterator[models.Index]:
    yield _index("diagnoses_by_date", "created", last=("probability",))
    yield _index("diagnoses_by_score", "probability", last=("created",))
    for column in _LISTED:
        for order in ("created", "probability"):
            yield _index(f"{column}_by_{order}", column, order)


def _made_anew(index: models.Index) -> Iterator[migrations.operations.base.Operation]:
    if not index.name.startswith("appearance_"):
        yield migrations.RemoveIndex("diagnosis", index.name)
    yield migrations.AddIndex("diagnosis", index)


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0003_model_findings")]
    operations = [
        migrations.AddField(
            model_name="diagnosis",
            name="appearance",
            field=models.CharField(
                blank=True,
                choices=_CHOICES,
                default="",
                editable=False,
                max_length=15,
                verbose_name="most probable appearance",
            ),
        ),
        *(operation for index in _indexes() for operation in _made_anew(index)),
    ]
