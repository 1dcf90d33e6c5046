"""A complete installation in a folder of its own, with real web servers and workers."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection

from dashboard.models import Account

DATABASE_FILE = "ledger.sqlite3"
ServerProcess = subprocess.Popen[bytes]


class Installation:
    """Run the product on SQLite, or on a new PostgreSQL database if DATABASE_URL names a server.

    `cloud` is the host and port of the sandbox. The queue uses the same database server. The
    database begins as a copy of the test database, because migrating takes seconds. With `prepare`,
    the accounts of the sandbox are there.
    """

    def __init__(self, folder: Path, cloud: str, *, prepare: bool = True, **variables: str) -> None:
        self.folder, self.cloud = folder, cloud
        self.environment = {
            **os.environ,
            "VAR_DIR": str(folder),
            "DOWNLOAD_HOSTS": cloud,
            "ENDPOINT_HOSTS": cloud,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            **variables,
        }
        self.server_url = os.environ.get("DATABASE_URL", "")
        self.create_database()
        if prepare:
            self.run_python(*self.list_lines_that_prepare())

    def create_database(self) -> None:
        """Copy the test database into the folder or, under a new name, on its server."""
        if self.server_url:
            self.database = f"ledger_{os.getpid()}_{self.folder.name}".replace("-", "_").lower()
            url = urlunsplit(urlsplit(self.server_url)._replace(path=f"/{self.database}"))
            self.environment |= {"DATABASE_URL": url, "QUEUE_URL": url}
        self.copy_test_database()
        self.restart_ids()

    def close(self) -> None:
        if self.server_url:
            self.execute_on_server(f'DROP DATABASE "{self.database}" WITH (FORCE)')

    def copy_test_database(self) -> None:
        """Copy the migrated and empty database that pytest has made."""
        name = str(connection.settings_dict["NAME"])
        assert "test" in name or "memory" in name, f"{name} is no test database"
        assert not Account.objects.exists(), "the test database must be empty"
        if self.server_url:
            connection.close()  # a database can be copied only if no connection uses it
            self.execute_on_server(f'CREATE DATABASE "{self.database}" TEMPLATE "{name}"')
        else:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(self.folder / DATABASE_FILE)])

    def restart_ids(self) -> None:
        """Let the ids of all empty tables begin with 1, whichever tests have used some before."""
        if not self.server_url:
            with closing(sqlite3.connect(self.folder / DATABASE_FILE)) as connection:
                connection.execute("DELETE FROM sqlite_sequence")
                connection.commit()
            return
        url = self.environment["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            names = connection.execute(
                "SELECT sequencename FROM pg_sequences WHERE sequencename LIKE 'dashboard_%'"
            )
            for (name,) in names.fetchall():
                connection.execute(f'ALTER SEQUENCE "{name}" RESTART'.encode())

    def list_lines_that_prepare(self) -> list[str]:
        """Return the lines of Python that create the demo's user and accounts."""
        return [
            "from dashboard.management import demo_data",
            f"demo_data.prepare_demo('http://{self.cloud}')",
        ]

    def execute_on_server(self, statement: str) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def run_command(self, *command: str) -> None:
        subprocess.run(
            [sys.executable, *command], cwd=settings.ROOT, env=self.environment, check=True
        )

    def run_python(self, *lines: str) -> None:
        """Run lines of Python in a new process, after the set-up of Django."""
        self.run_command("-c", "\n".join(("import django; django.setup()", *lines)))

    def query_rows(self, query: str) -> list[tuple[object, ...]]:
        if self.server_url:
            with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
                return list(connection.execute(query.encode()))
        with closing(sqlite3.connect(self.folder / DATABASE_FILE, timeout=60)) as connection:
            return list(connection.execute(query))

    @contextmanager
    def start_process(self, *command: str) -> Iterator[ServerProcess]:
        """Start a process and kill it at the end of the `with` block."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=settings.ROOT, env=self.environment
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def start_worker(self) -> Iterator[ServerProcess]:
        with self.start_process(
            "manage.py", "run_huey", "--workers", "2", "--max-delay", "0.2", "--quiet"
        ) as process:
            yield process

    @contextmanager
    def start_web_server(self) -> Iterator[str]:
        """Start a web server as the demo does and yield its address."""
        self.run_command("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with self.start_process("manage.py", "serve", "--port", str(port), "--processes", "1"):
            wait_until(lambda: is_listening(port))
            yield f"http://127.0.0.1:{port}"


class CreateInstallation(Protocol):
    """Create an installation in a new folder; the arguments are those of Installation."""

    def __call__(
        self, folder_name: str, cloud: str, *, prepare: bool = True, **variables: str
    ) -> Installation: ...


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until `condition` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition is still false after {seconds} seconds"
        time.sleep(0.01)
