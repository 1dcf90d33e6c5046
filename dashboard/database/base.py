"""Django's backend of SQLite, with a connection that only reads where none that writes can be had.

In WAL mode SQLite makes two small files beside the database before it reads a row. On a full disk
it cannot, so a product that starts there could not even show what it has. Then the database is
opened without these files. Such a connection ends with its request or task: the next one may write
again.
"""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db.backends.sqlite3 import base

# The kinds of errors of a disk on which the two files cannot be made.
UNWRITABLE_CODES = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite; `is_read_only` is true while nothing can be written."""

    is_read_only = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect to the database; only for reading where nothing can be written."""
        self.is_read_only = False
        try:
            return super().get_new_connection(conn_params)
        except sqlite3.OperationalError as error:
            path = Path(str(conn_params["database"]))
            if error.sqlite_errorcode & 0xFF not in UNWRITABLE_CODES or not has_empty_log(path):
                raise
        self.is_read_only = True
        # BEGIN IMMEDIATE is refused where nothing can be written.
        self.transaction_mode = None
        connection = super().get_new_connection({**conn_params, "database": build_read_url(path)})
        # The file must not be mapped: once there is room, another process may cut it shorter.
        connection.execute("PRAGMA mmap_size=0")
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor.

        Raise OperationalError if another process writes again: this connection would show old rows.
        """
        if self.is_read_only and not has_empty_log(Path(str(self.settings_dict["NAME"]))):
            raise sqlite3.OperationalError("the database can be written again")
        return super().create_cursor(name)

    def close_if_unusable_or_obsolete(self) -> None:
        """Close the connection at the end of a request or task if it only reads or is too old.

        A connection with an error may be one that SQLite itself has opened only for reading.
        """
        if (self.is_read_only or self.errors_occurred) and not self.in_atomic_block:
            self.close()
        super().close_if_unusable_or_obsolete()


def has_empty_log(path: Path) -> bool:
    """Return whether the file of a database holds all of it, and its log (-wal) nothing."""
    log = path.with_name(f"{path.name}-wal")
    try:
        return path.stat().st_size > 0 and (not log.exists() or log.stat().st_size == 0)
    except OSError:
        return False


def build_read_url(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
