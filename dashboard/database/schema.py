"""Whether the tables of the database are those of this version of the program.

The faults are named by codes, the keys of their explanations (see text/database_messages.py).
"""

import threading
from collections.abc import Iterable

from django.db import connection
from django.db.migrations.loader import MigrationLoader

PROGRAM = "dashboard"  # the app whose migrations are numbered by this program
HISTORY_TABLE = "django_migrations"
QUEUE_TABLES = {"kv", "schedule", "task"}  # the queue may be kept in the same database
_first_request_is_due = threading.Event()


def find_schema_fault() -> str:
    """Return why the tables are not those of this version; "" if they are.

    Raises DatabaseError or InterfaceError if the database cannot be read.
    """
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor)) - QUEUE_TABLES
    if HISTORY_TABLE not in tables:
        # The schema of a PostgreSQL database may hold the tables of others as well.
        is_foreign = tables and connection.vendor == "sqlite"
        return "database_foreign" if is_foreign else "database_empty"
    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    apps = {app for app, _name in applied}
    if PROGRAM not in apps and not apps <= loader.migrated_apps:
        return "database_foreign"
    if any(app == PROGRAM for app, _name in applied - set(list_known_migrations(loader))):
        return "database_newer"
    return "" if set(loader.graph.nodes) <= applied else "database_not_migrated"


def list_known_migrations(loader: MigrationLoader) -> Iterable[tuple[str, str]]:
    """Yield the migrations of this version, and those that they replace."""
    for name, migration in loader.disk_migrations.items():
        yield name
        yield from migration.replaces


def check_at_first_request() -> None:
    """Let the site answer no request before its tables were found to be those of this version."""
    _first_request_is_due.set()


def is_check_due() -> bool:
    """Return whether the tables have yet to be checked before a request is answered."""
    return _first_request_is_due.is_set()


def end_check() -> None:
    """Remember that the tables are those of this version."""
    _first_request_is_due.clear()
