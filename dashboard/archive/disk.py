"""Write files so that they survive a power cut, and tell when a disk takes no changes."""

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

from django.db import DatabaseError, connection

_FULL_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# disk_full and read_only_sql_transaction: a server that is a standby, or is only read on purpose.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_REFUSALS = {"53100": "storage_full", "25006": "storage_read_only"}
_SQLITE_REFUSALS = {
    sqlite3.SQLITE_READONLY: "storage_read_only",
    sqlite3.SQLITE_IOERR: "machine",
    sqlite3.SQLITE_CANTOPEN: "machine",
}
_PROBE_BYTES = 2**16


def sync_folders(path: Path, root: Path) -> None:
    """Return after the names of a file and of its folders, up to `root`, are on the disk."""
    for folder in path.parents:
        sync_path(folder)
        if folder == root:
            break


def sync_path(path: Path) -> None:
    """Return after the contents of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_write_refusal(error: BaseException | None) -> str:
    """Return why a disk or a database takes no changes; empty for any other error.

    The reasons are "storage_full", "storage_read_only", "storage_forbidden" (a file or folder of
    another user), and "machine" where SQLite tells no more than that writing failed: keys of their
    explanations.
    """
    if isinstance(error, OSError):
        return _find_refusal_of_disk(error)
    if not isinstance(error, DatabaseError):
        return ""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return _find_refusal_of_sqlite(cause.sqlite_errorcode & 0xFF)
    return _POSTGRESQL_REFUSALS.get(getattr(cause, "sqlstate", None) or "", "")


def _find_refusal_of_disk(error: OSError) -> str:
    if error.errno in _FULL_DISK_ERRORS:
        return "storage_full"
    # Not of a socket: it has no file name.
    if error.errno in (errno.EACCES, errno.EPERM) and error.filename:
        return "storage_forbidden"
    return "storage_read_only" if error.errno == errno.EROFS else ""


def _find_refusal_of_sqlite(code: int) -> str:
    """Return the refusal of this error code (without the upper bytes of extended codes).

    SQLite does not tell a disk that is full from one whose quota is used up, and a database that
    was opened only for reading (see database/base.py) does not tell why.
    """
    if code == sqlite3.SQLITE_FULL:
        return "storage_full"
    if code not in _SQLITE_REFUSALS:
        return ""
    is_full = _find_refusal_of_folder(Path(str(connection.settings_dict["NAME"])).parent)
    return is_full or _SQLITE_REFUSALS[code]


def _find_refusal_of_folder(folder: Path) -> str:
    """Write a file that vanishes at once; return the refusal of the disk, or an empty text."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(_PROBE_BYTES))
    except OSError as error:
        return _find_refusal_of_disk(error)
    return ""
