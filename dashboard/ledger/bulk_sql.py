"""Many rows in one statement: what the ORM does row by row would cost more than the reading of their file.

PostgreSQL takes new rows as a stream and changes as arrays, in a fraction of the time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

Rows = Sequence[Sequence[Any]]


def quote_names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


class BulkInsert:
    """Puts rows into a table, each a sequence in the order of `columns`; JSON is given as its text."""

    def __init__(self, model: type[Model], columns: Sequence[str]) -> None:
        table = f"{quote_names([model._meta.db_table])} ({quote_names(columns)})"
        self._statement = f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608  # our names
        self._stream = f"COPY {table} FROM STDIN"

    def write(self, rows: Rows) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(self._stream) as stream:
                    for row in rows:
                        stream.write_row(row)
            else:
                cursor.executemany(self._statement, rows)


class BulkUpdate:
    """Changes `columns`, all of them whole numbers, of rows that are given as these and the id."""

    def __init__(self, model: type[Model], columns: Sequence[str]) -> None:
        table = quote_names([model._meta.db_table])
        values = ", ".join(f'"{name}" = %s' for name in columns)
        self._statement = f"UPDATE {table} SET {values} WHERE id = %s"  # noqa: S608  # our own names
        taken = ", ".join(f'"{name}" = new."{name}"' for name in columns)
        arrays = ", ".join(["%s::bigint[]"] * (len(columns) + 1))
        new = f"unnest({arrays}) AS new ({quote_names(columns)}, id)"
        self._at_once = f"UPDATE {table} AS old SET {taken} FROM {new} WHERE old.id = new.id"  # noqa: S608  # as above

    def write(self, rows: Rows) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(self._at_once, [list(column) for column in zip(*rows, strict=True)])
            else:
                cursor.executemany(self._statement, rows)
