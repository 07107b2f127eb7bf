"""Studies are found by their RT-PCR outcome and, on MySQL and MariaDB, by the words of their notes."""

from typing import Any

from django.db import migrations, models

INDEX = "study_by_words_of_notes"


def index_words(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "mysql" or _is_there(schema_editor):
        return
    # The index remembers this: without it, a search for "no fever that lasts" would find nothing, because of "that".
    schema_editor.execute("SET SESSION innodb_ft_enable_stopword = OFF")
    schema_editor.execute(f"CREATE FULLTEXT INDEX {INDEX} ON diagnosis_study (notes)")
    schema_editor.execute("SET SESSION innodb_ft_enable_stopword = DEFAULT")


def drop_index(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "mysql" and _is_there(schema_editor):
        schema_editor.execute(f"DROP INDEX {INDEX} ON diagnosis_study")


def _is_there(schema_editor: Any) -> bool:
    """MySQL commits each change of a table by itself: after a migration that broke off, part of it is done."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SHOW INDEX FROM diagnosis_study WHERE Key_name = %s", [INDEX])
        return cursor.fetchone() is not None


class Migration(migrations.Migration):
    dependencies = [
        ("diagnosis", "0004_patients_and_reviews"),
    ]

    # The index that Django adds comes last: after a break, it would not go through a second time.
    operations = [
        migrations.RunPython(index_words, drop_index, atomic=False),  # MySQL changes no table in a transaction
        migrations.AddIndex(
            model_name="study",
            index=models.Index(fields=["institution", "outcome"], name="study_by_outcome"),
        ),
    ]
