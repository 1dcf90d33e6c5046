"""Write many rows with one SQL statement.

Django's ORM would take longer to store the rows of a file than the reader takes to read the file.
PostgreSQL receives new rows as a COPY stream and updates as arrays, which is several times faster
than a statement for each row.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

Rows = Sequence[Sequence[Any]]


def quote_names(names: Iterable[str]) -> str:
    """Return the names in double quotes, separated by commas."""
    return ", ".join(f'"{name}"' for name in names)


class BulkInsert:
    """Inserts rows of a model. Each row is a sequence in the order of `columns`.

    The value of a JSON column must be JSON text.
    """

    def __init__(self, model: type[Model], columns: Sequence[str]) -> None:
        table = f"{quote_names([model._meta.db_table])} ({quote_names(columns)})"
        placeholders = ", ".join(["%s"] * len(columns))
        self._insert_sql = f"INSERT INTO {table} VALUES ({placeholders})"  # noqa: S608  # own names
        self._copy_sql = f"COPY {table} FROM STDIN"

    def write(self, rows: Rows) -> None:
        if not rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(self._copy_sql) as stream:
                    for row in rows:
                        stream.write_row(row)
            else:
                cursor.executemany(self._insert_sql, rows)


class BulkUpdate:
    """Updates integer columns of a model.

    Each row is a sequence: the new values in the order of `columns`, then the id of the row.
    """

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
                # One array for each column: zip turns the rows into columns.
                arrays = [list(values) for values in zip(*rows, strict=True)]
                cursor.execute(self._arrays_sql, arrays)
            else:
                cursor.executemany(self._row_sql, rows)
