"""Write files so that they survive a power cut, and tell when a disk is full."""

import errno
import os
import sqlite3
from pathlib import Path

from django.db import OperationalError

_FULL_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT}
_POSTGRESQL_DISK_FULL = "53100"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


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


def is_storage_full(error: BaseException) -> bool:
    """Return whether this error says that a disk or a database has no room left."""
    if isinstance(error, OSError):
        return error.errno in _FULL_DISK_ERRORS
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    is_sqlite_full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return is_sqlite_full or getattr(cause, "sqlstate", None) == _POSTGRESQL_DISK_FULL
