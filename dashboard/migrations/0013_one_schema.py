"""Bring databases that were made by the first text of 0001_initial to the schema of all others.

That text was changed after it had been released: the foreign keys of the evaluations got no
constraint in the database, and the index `ended_at` a condition. A database made later has both
already, and nothing is done.
"""

import copy

from django.db import migrations, models

TABLE = "dashboard_evaluation"
INDEX = "ended_at"


def bring_to_one_schema(apps, schema_editor):
    model = apps.get_model("dashboard", "Evaluation")
    for name in ("pack", "rule"):
        field = model._meta.get_field(name)
        if has_foreign_key(schema_editor.connection, field.column):
            remove_constraint(schema_editor, model, field)
    index = next(index for index in model._meta.indexes if index.name == INDEX)
    if not has_condition(schema_editor.connection):
        schema_editor.remove_index(model, index)
        schema_editor.add_index(model, index)


def has_foreign_key(connection, column):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, TABLE).values()
    return any(item["foreign_key"] and item["columns"] == [column] for item in constraints)


def remove_constraint(schema_editor, model, field):
    constrained_field = copy.copy(field)
    constrained_field.db_constraint = True
    schema_editor.alter_field(model, constrained_field, field)


def has_condition(connection):
    query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = %s"
    if connection.vendor == "postgresql":
        query = (
            "SELECT indexdef FROM pg_indexes "
            "WHERE schemaname = current_schema() AND indexname = %s"
        )
    with connection.cursor() as cursor:
        cursor.execute(query, [INDEX])
        (definition,) = cursor.fetchone()
    return " WHERE " in definition.upper()


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0012_restore_withdrawn")]
    operations = [
        migrations.AddIndex(
            "importedfile",
            models.Index(fields=["batch", "state", "report"], name="files_of_a_batch_by_state"),
        ),
        migrations.RunPython(bring_to_one_schema, migrations.RunPython.noop, elidable=False),
    ]
