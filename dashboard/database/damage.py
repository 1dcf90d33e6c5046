"""Read a whole SQLite database to find damage that no query has met yet."""

import sqlite3
from pathlib import Path

from django.db import connection

MAX_MESSAGE = 300  # characters


def find_damage_of_database() -> str:
    """Return SQLite's words on damage in the database of this site; "" if it is whole.

    PostgreSQL checks its files itself: nothing is read there.
    """
    if connection.vendor != "sqlite":
        return ""
    connection.ensure_connection()
    return find_damage_of_sqlite(connection.connection, "integrity_check")


def find_damage_of_copy(path: Path) -> str:
    """Return SQLite's words on damage in a copy of the database; "" if it is whole."""
    copy = sqlite3.connect(path)
    try:
        return find_damage_of_sqlite(copy, "quick_check")
    finally:
        copy.close()


def find_damage_of_sqlite(database: sqlite3.Connection, check: str) -> str:
    """Run one of SQLite's two checks, and return what it finds as one line."""
    try:
        lines = [line for (line,) in database.execute(f"PRAGMA {check}(3)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if lines == ["ok"] else " ".join(" ".join(lines).split())[:MAX_MESSAGE]
