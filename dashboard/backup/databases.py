"""Write a consistent copy of the database to a file, and load it into an empty database."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from django.db import connection, transaction

from dashboard.archive.disk import sync_folders, sync_path
from dashboard.database.damage import find_damage_of_copy

COUNTED_TABLES = (
    "dashboard_account",
    "dashboard_pack",
    "dashboard_report",
    "dashboard_evaluation",
    "dashboard_resultlist",
    "dashboard_original",
    "dashboard_auditentry",
)


class BackupError(Exception):
    """A backup that cannot be written or restored; the text says why."""


class Cursor(Protocol):
    """What the cursors of sqlite3 and of Django have in common."""

    def execute(self, sql: str, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


def get_dump_suffix() -> str:
    """Return the end of the file name of a copy of a database of this kind."""
    return ".sqlite3" if connection.vendor == "sqlite" else ".dump"


@contextmanager
def dump_database(path: Path) -> Iterator[Cursor]:
    """Copy the database to `path`; yield a cursor that reads exactly what was copied.

    Other processes may write meanwhile. Raises BackupError.
    """
    create_private_file(path)
    if connection.vendor == "sqlite":
        dump_sqlite(path)
        if damage := find_damage_of_copy(path):
            raise BackupError(f"The database is damaged: {damage}. Earlier backups are untouched.")
        with closing(sqlite3.connect(path)) as copy:
            yield copy.cursor()
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            ((snapshot,),) = cursor.fetchall()
            options = ["--format=custom", f"--snapshot={snapshot}", f"--file={path}"]
            run_postgresql_program("pg_dump", *options)
            yield cursor
    sync_path(path)


def create_private_file(path: Path) -> None:
    """Create an empty file that only its owner may read, in place of an earlier one."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)


def dump_sqlite(path: Path) -> None:
    """Copy the SQLite database, with what its write-ahead log holds, to one file."""
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def load_database(path: Path) -> None:
    """Replace the database, which must hold no report, by the copy. Raises BackupError."""
    require_empty_database()
    if connection.vendor != "sqlite":
        connection.close()
        # All or nothing: after an error, or if it is killed, it can be run again.
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction"]
        run_postgresql_program(
            "pg_restore", *options, f"--dbname={build_dbname(connection.settings_dict)}", str(path)
        )
        return
    target = Path(connection.settings_dict["NAME"])
    connection.close()
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    incoming = target.with_name(target.name + ".incoming")
    create_private_file(incoming)
    shutil.copyfile(path, incoming)
    sync_path(incoming)
    incoming.replace(target)
    sync_folders(target, target.parent)


def require_empty_database() -> None:
    """Raise BackupError if the database holds a report."""
    if "dashboard_report" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM dashboard_report")
        ((count,),) = cursor.fetchall()
    if count:
        raise BackupError(f"The database holds {count} reports already; nothing was changed.")


def count_rows(cursor: Cursor) -> dict[str, int]:
    """Return the number of rows of each table that a backup must bring back."""
    counts = {}
    for table in COUNTED_TABLES:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  a name from above
        ((counts[table],),) = cursor.fetchall()
    return counts


def list_original_sizes(cursor: Cursor) -> dict[str, int]:
    """Return the size in bytes of each original, by its SHA-256."""
    cursor.execute("SELECT sha256, size FROM dashboard_original ORDER BY sha256")
    return dict(cursor.fetchall())


def run_postgresql_program(program: str, *options: str) -> None:
    """Run pg_dump or pg_restore; the password is passed by the environment. Raises BackupError."""
    password = str(connection.settings_dict["PASSWORD"] or "")
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    arguments = [program, *options]
    if program == "pg_dump":
        arguments.append(f"--dbname={build_dbname(connection.settings_dict)}")
    try:
        result = subprocess.run(
            arguments, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BackupError(f"{program} is not installed: it comes with PostgreSQL.") from error
    if result.returncode:
        raise BackupError(f"{program}: {result.stderr.strip()[-500:]}")


def build_dbname(values: Mapping[str, Any]) -> str:
    """Return the connection URI of the database with these settings, without the password.

    The settings of TLS (sslmode, sslrootcert ...) are in it.
    """
    # Quoted with "/": the host may be the folder of a socket.
    user, host, name = (quote(str(values[key]), safe="") for key in ("USER", "HOST", "NAME"))
    if ":" in str(values["HOST"]):
        host = f"[{values['HOST']}]"  # IPv6
    port = f":{values['PORT']}" if values["PORT"] else ""
    options = {key: text for key, text in values["OPTIONS"].items() if key.startswith("ssl")}
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{user and f'{user}@'}{host}{port}/{name}{query}"
