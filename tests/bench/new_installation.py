"""A new and empty installation in a temporary folder, chosen by environment variables.

Django must be set up after it is created, because the settings read these variables.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg


@contextmanager
def create_bench_installation(settings_module: str, *kept_variables: str) -> Iterator[Path]:
    """Set the environment variables of a new installation, and yield its temporary folder.

    The database is a new SQLite file, or a new database of the PostgreSQL server that DATABASE_URL
    names. QUEUE_URL and ARCHIVE_DIR are ignored unless they are among `kept_variables`. Folder and
    database are deleted at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="ledger-bench-"))
    os.environ["VAR_DIR"] = str(folder / "var")
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    os.environ["LOG_LEVEL"] = "WARNING"
    for name in {"QUEUE_URL", "ARCHIVE_DIR"}.difference(kept_variables):
        os.environ.pop(name, None)
    try:
        with create_database(os.environ.pop("DATABASE_URL", "")):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def create_database(server_url: str) -> Iterator[None]:
    """Create a PostgreSQL database, set DATABASE_URL to it, and drop it at the end.

    Do nothing if `server_url` is not of PostgreSQL: the settings then choose SQLite.
    """
    if not server_url.startswith("postgres"):
        yield
        return
    name = f"ledger_bench_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        os.environ["DATABASE_URL"] = urlsplit(server_url)._replace(path=f"/{name}").geturl()
        try:
            yield
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
