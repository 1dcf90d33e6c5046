"""SQL that writes many rows in one statement.

Django's ORM would take longer to store the rows of a file than the reader takes to read them.
PostgreSQL receives new rows as a COPY stream and updates as arrays, which is several times faster
than a statement for each row.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

Rows = Sequence[Sequence[Any]]


def quote_names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


class BulkInsert:
    """Inserts rows, each a sequence in the order of `columns`. A JSON column is given as text."""

    def __init__(self, model: type[Model], columns: Sequence[str]) -> None:
        table = f"{quote_names([model._meta.db_table])} ({quote_names(columns)})"
        placeholders = ", ".join(["%s"] * len(columns))
        self._insert_sql = f"INSERT INTO {table} VALUES ({placeholders})"  # noqa: S608  # own names
        self._copy_sql = f"COPY {table} FROM STDIN"

    def write(self, rows: Rows) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(self._copy_sql) as stream:
                    for row in rows:
                        stream.write_row(row)
            else:
                cursor.executemany(self._insert_sql, rows)


class BulkUpdate:
    """Updates `columns`, which hold whole numbers. Each row is their values, then the row's id."""

    def __init__(self, model: type[Model], columns: Sequence[str]) -> None:
        table = quote_names([model._meta.db_table])
        values = ", ".join(f'"{name}" = %s' for name in columns)
        self._row_sql = f"UPDATE {table} SET {values} WHERE id = %s"  # noqa: S608  # own names
        new_values = ", ".join(f'"{name}" = new."{name}"' for name in columns)
        arrays = ", ".join(["%s::bigint[]"] * (len(columns) + 1))
        self._arrays_sql = (
            f"UPDATE {table} AS old SET {new_values} "  # noqa: S608  # own names
            f"FROM unnest({arrays}) AS new ({quote_names(columns)}, id) WHERE old.id = new.id"
        )

    def write(self, rows: Rows) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                arrays = [list(values) for values in zip(*rows, strict=True)]
                cursor.execute(self._arrays_sql, arrays)
            else:
                cursor.executemany(self._row_sql, rows)
