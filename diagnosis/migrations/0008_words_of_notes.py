"""The words of the notes in a column of their own, spelt alike on every database; the full-text index is over it."""

from typing import Any

from django.db import migrations

import diagnosis.fields

BATCH = 1000
OLD, NEW = ("study_by_words_of_notes", "notes"), ("study_by_words", "notes_key")


def write_words(apps: Any, schema_editor: Any) -> None:
    studies = apps.get_model("diagnosis", "Study").objects
    batch = []
    for study in studies.exclude(notes="").only("notes").iterator(BATCH):
        study.notes_key = " ".join(diagnosis.fields.words_of(study.notes))
        batch.append(study)
        if len(batch) == BATCH:
            studies.bulk_update(batch, ["notes_key"])
            batch.clear()
    studies.bulk_update(batch, ["notes_key"])


def index_the_words(apps: Any, schema_editor: Any) -> None:
    _drop(schema_editor, *OLD)
    _create(schema_editor, *NEW)


def index_the_notes(apps: Any, schema_editor: Any) -> None:
    _drop(schema_editor, *NEW)
    _create(schema_editor, *OLD)


def _create(schema_editor: Any, name: str, column: str) -> None:
    if schema_editor.connection.vendor == "mysql" and not _is_there(schema_editor, name):
        # The index remembers this: without it, a search for "no fever that lasts" would find nothing, because of "that".
        schema_editor.execute("SET SESSION innodb_ft_enable_stopword = OFF")
        schema_editor.execute(f"CREATE FULLTEXT INDEX {name} ON diagnosis_study ({column})")
        schema_editor.execute("SET SESSION innodb_ft_enable_stopword = DEFAULT")


def _drop(schema_editor: Any, name: str, column: str) -> None:
    if schema_editor.connection.vendor == "mysql" and _is_there(schema_editor, name):
        schema_editor.execute(f"DROP INDEX {name} ON diagnosis_study")


def _is_there(schema_editor: Any, name: str) -> bool:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SHOW INDEX FROM diagnosis_study WHERE Key_name = %s", [name])
        return cursor.fetchone() is not None


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0007_erasure")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="notes_key",
            field=diagnosis.fields.WordsField(default="", editable=False, source="notes"),
        ),
        migrations.RunPython(write_words, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(index_the_words, index_the_notes, atomic=False),  # MySQL changes no table in a transaction
    ]
