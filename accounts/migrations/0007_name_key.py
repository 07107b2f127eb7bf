"""People are looked for by a name spelt alike on every database."""

from django.db import migrations

import accounts.normalise
from accounts.normalise import normalised


def write_keys(apps, schema_editor):
    people = apps.get_model("accounts", "User").objects
    for person in people.only("first_name", "last_name"):
        key = normalised(f"{person.first_name} {person.last_name}")[:300]
        people.filter(pk=person.pk).update(name_key=key)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_api_tokens")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="name_key",
            field=accounts.normalise.FoundByField(
                default="", editable=False, max_length=300, source="first_name last_name", unique=False
            ),
        ),
        migrations.RunPython(write_keys, migrations.RunPython.noop, elidable=True),
    ]
