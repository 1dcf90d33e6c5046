"""Index what the search looks into, and the lists of reports by result and by user.

The resources of each pack's latest report and the rules get texts that are indexed by their
trigrams: on SQLite in FTS5 tables, which triggers keep up to date, on PostgreSQL by the extension
pg_trgm. If a database user may not create the extension, the search reads every text until the
indexes are made by hand (see docs/installing.md). The texts of existing rows are built as
models/search_texts.py did it when this migration was written.
"""

import logging
import re
from itertools import pairwise

import django.db.models.deletion
from django.conf import settings
from django.db import DatabaseError, migrations, models, transaction

FOREVER = 2**63 - 1
ROWS_PER_WRITE = 5_000
TABLES = ("dashboard_packresource", "dashboard_rule")
WORDS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}")
RESOURCES_SQL = (
    "SELECT pack_id, resource, max(resource_id), max(resource_name) FROM dashboard_evaluation "
    "WHERE until = %s GROUP BY pack_id, resource"
)
RESOURCE_INSERT = (
    "INSERT INTO dashboard_packresource (pack_id, resource, search_text) VALUES (%s, %s, %s)"
)
RULES_SQL = "SELECT id, name, identifier, rule_id FROM dashboard_rule"
RULE_UPDATE = "UPDATE dashboard_rule SET search_text = %s WHERE id = %s"
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE {table}_trigrams USING fts5("
    "search_text, content='{table}', content_rowid='id', tokenize='trigram', columnsize=0)",
    "CREATE TRIGGER {table}_trigrams_insert AFTER INSERT ON {table} BEGIN "
    "INSERT INTO {table}_trigrams (rowid, search_text) VALUES (new.id, new.search_text); END",
    "CREATE TRIGGER {table}_trigrams_delete AFTER DELETE ON {table} BEGIN "
    "INSERT INTO {table}_trigrams ({table}_trigrams, rowid, search_text) "
    "VALUES ('delete', old.id, old.search_text); END",
    "CREATE TRIGGER {table}_trigrams_update AFTER UPDATE OF search_text ON {table} "
    "WHEN old.search_text <> new.search_text BEGIN "
    "INSERT INTO {table}_trigrams ({table}_trigrams, rowid, search_text) "
    "VALUES ('delete', old.id, old.search_text); "
    "INSERT INTO {table}_trigrams (rowid, search_text) VALUES (new.id, new.search_text); END",
    "INSERT INTO {table}_trigrams ({table}_trigrams) VALUES ('rebuild')",
)
POSTGRESQL_INDEX = (
    # Checks the foreign keys of the new rows: no index can be made before.
    "SET CONSTRAINTS ALL IMMEDIATE",
    "CREATE INDEX {table}_trigrams ON {table} USING gin (search_text gin_trgm_ops)",
)
SQLITE_REMOVAL = (
    "DROP TRIGGER {table}_trigrams_insert",
    "DROP TRIGGER {table}_trigrams_delete",
    "DROP TRIGGER {table}_trigrams_update",
    "DROP TABLE {table}_trigrams",
)
POSTGRESQL_REMOVAL = ("DROP INDEX IF EXISTS {table}_trigrams",)
logger = logging.getLogger(__name__)


def build_search_text(*texts):
    text = "\n".join(filter(None, texts)).casefold()
    pairs = {first + second for word in WORDS.findall(text) for first, second in pairwise(word)}
    return "\n".join((text, *sorted(pairs), "")) if pairs else text


def fill_search_texts(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(RESOURCES_SQL, [FOREVER])
        rows = [
            (pack, resource, build_search_text(*texts)) for pack, resource, *texts in cursor
        ]
        write_rows(cursor, RESOURCE_INSERT, rows)
        cursor.execute(RULES_SQL)
        rows = [(build_search_text(*texts), pk) for pk, *texts in cursor]
        write_rows(cursor, RULE_UPDATE, rows)


def write_rows(cursor, statement, rows):
    for start in range(0, len(rows), ROWS_PER_WRITE):
        cursor.executemany(statement, rows[start : start + ROWS_PER_WRITE])


def create_trigram_indexes(apps, schema_editor):
    statements = SQLITE_INDEX
    if schema_editor.connection.vendor == "postgresql":
        if not create_extension(schema_editor):
            return
        statements = POSTGRESQL_INDEX
    execute_for_tables(schema_editor, statements)


def create_extension(schema_editor):
    try:
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        logger.warning("The search reads every text, because pg_trgm is missing: %s", error)
        return False
    return True


def remove_trigram_indexes(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    execute_for_tables(schema_editor, POSTGRESQL_REMOVAL if is_postgresql else SQLITE_REMOVAL)


def execute_for_tables(schema_editor, statements):
    for table in TABLES:
        for statement in statements:
            schema_editor.execute(statement.format(table=table), params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0018_bulk_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="PackResource",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource", models.BigIntegerField()),
                ("search_text", models.TextField()),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="dashboard.pack",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            "packresource",
            models.UniqueConstraint(
                fields=("resource", "pack"), name="a_resource_is_in_a_pack_once"
            ),
        ),
        migrations.AddField(
            "rule", "search_text", models.TextField(db_default="", editable=False)
        ),
        migrations.AddIndex(
            "report",
            models.Index(
                fields=["state", "-listed_at", "-id"], name="newest_first_of_a_state"
            ),
        ),
        migrations.AddIndex(
            "report",
            models.Index(
                fields=["requested_by", "-listed_at", "-id"], name="newest_first_of_a_user"
            ),
        ),
        migrations.RunPython(fill_search_texts, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(create_trigram_indexes, remove_trigram_indexes, elidable=False),
    ]
