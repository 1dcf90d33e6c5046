"""The queue in SQLite or PostgreSQL, whose tables are made with the first connection.

huey makes them while the modules of the tasks are imported. Then neither site nor worker would
start while the disk is full or the server is away, though both can do without the queue.
"""

from typing import Any

from huey import Huey
from huey.storage import PostgresStorage, SqliteStorage


class DeferredTablesSqliteStorage(SqliteStorage):  # type: ignore[misc]
    """A queue in an SQLite file."""

    has_tables = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, create_tables=False, **options)

    def _create_connection(self) -> Any:
        connection = super()._create_connection()
        return create_tables_once(self, connection)


class DeferredTablesPostgresStorage(PostgresStorage):  # type: ignore[misc]
    """A queue in a PostgreSQL database."""

    has_tables = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, create_tables=False, **options)

    def _create_connection(self) -> Any:
        return create_tables_once(self, self._connect())


def create_tables_once(
    storage: DeferredTablesSqliteStorage | DeferredTablesPostgresStorage, connection: Any
) -> Any:
    """Create the tables of the queue where they are missing; return the connection."""
    if not storage.has_tables:
        for statement in storage.ddl:
            connection.execute(statement)
        storage.has_tables = True
    return connection


class SqliteQueue(Huey):  # type: ignore[misc]
    """huey on SQLite."""

    storage_class = DeferredTablesSqliteStorage


class PostgresQueue(Huey):  # type: ignore[misc]
    """huey on PostgreSQL."""

    storage_class = DeferredTablesPostgresStorage
