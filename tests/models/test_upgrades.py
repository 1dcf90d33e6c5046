"""A database of each released version has, after its migration, the schema of a new one."""

import copy
from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = ("dashboard", "0001_initial")
BEFORE_ONE_SCHEMA = ("dashboard", "0012_restore_withdrawn")
POSTGRESQL_QUERIES = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = current_schema()::regnamespace",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()",
    "SELECT table_name, column_name, data_type || is_nullable || coalesce(column_default, '') "
    "FROM information_schema.columns WHERE table_schema = current_schema()",
)


def describe_schema() -> set[tuple[str, ...]]:
    """Return the tables, columns, indexes and constraints of the package."""
    queries = ["SELECT tbl_name, name, sql FROM sqlite_master WHERE sql IS NOT NULL"]
    if connection.vendor == "postgresql":
        queries = list(POSTGRESQL_QUERIES)
    rows: set[tuple[str, ...]] = set()
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query)
            rows.update(sort_columns(row) for row in cursor.fetchall() if "dashboard_" in row[0])
    return rows


def sort_columns(row: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the columns of SQLite's CREATE TABLE: making a table again may put them in any order."""
    *names, definition = row
    if not definition.startswith("CREATE TABLE"):
        return row
    return (*names, ", ".join(sorted(definition.removesuffix(")").split(", "))))


def migrate_to(*targets: tuple[str, str]) -> Any:
    MigrationExecutor(connection).migrate(list(targets))
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps


def migrate_to_newest() -> None:
    migrate_to(*MigrationExecutor(connection).loader.graph.leaf_nodes("dashboard"))


def make_first_schema(evaluation: type[models.Model]) -> None:
    """Change the tables to what the first released text of 0001_initial made."""
    with connection.schema_editor() as editor:
        for name in ("pack", "rule"):
            field: Any = evaluation._meta.get_field(name)
            constrained = copy.copy(field)
            constrained.db_constraint = True
            editor.alter_field(evaluation, field, constrained)
        index = next(index for index in evaluation._meta.indexes if index.name == "ended_at")
        editor.remove_index(evaluation, index)
        editor.add_index(evaluation, models.Index(fields=["pack", "until"], name="ended_at"))


def test_a_database_of_the_first_text_of_the_first_migration_gets_the_schema_of_a_new_one() -> None:
    new_schema = describe_schema()
    make_first_schema(migrate_to(FIRST).get_model("dashboard", "Evaluation"))
    migrate_to(BEFORE_ONE_SCHEMA)
    old_schema = describe_schema()
    migrate_to_newest()
    upgraded_schema = describe_schema()
    assert upgraded_schema == new_schema
    if connection.vendor == "postgresql":  # on SQLite a later migration makes the table again
        assert old_schema != new_schema
    assert any("ended_at" in row and " WHERE " in row[2] for row in upgraded_schema)


def test_a_database_of_the_present_text_goes_through_all_migrations_to_the_same_schema() -> None:
    new_schema = describe_schema()
    migrate_to(FIRST)
    migrate_to_newest()
    assert describe_schema() == new_schema
