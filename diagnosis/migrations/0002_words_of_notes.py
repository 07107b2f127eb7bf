"""The full-text index over the words of the notes, on MySQL and MariaDB: models cannot say it."""

from typing import Any

from django.db import migrations


def create(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "mysql":
        # The index remembers this: with stop words a search for "no fever that lasts" finds nothing, because of "that".
        schema_editor.execute("SET SESSION innodb_ft_enable_stopword = OFF")
        schema_editor.execute("CREATE FULLTEXT INDEX study_by_words ON diagnosis_study (notes_key)")
        schema_editor.execute("SET SESSION innodb_ft_enable_stopword = DEFAULT")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute("DROP INDEX study_by_words ON diagnosis_study")


class Migration(migrations.Migration):
    atomic = False  # MySQL changes no table in a transaction
    dependencies = [("diagnosis", "0001_initial")]
    operations = [migrations.RunPython(create, drop, atomic=False)]
