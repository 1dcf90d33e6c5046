"""An installation of its own for a test: folder, database, queue, archive, real web servers, real workers."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings

Process = subprocess.Popen[bytes]


class Installation:
    """On SQLite, or on a PostgreSQL database of its own where DATABASE_URL names a server; the queue lies there too."""

    def __init__(self, folder: Path, cloud: str, **variables: str) -> None:
        self.folder, self.cloud = folder, cloud
        self.environment = {
            **os.environ,
            "VAR_DIR": str(folder),
            "DOWNLOAD_HOSTS": cloud,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            **variables,
        }
        self.server = os.environ.get("DATABASE_URL", "")
        if self.server:
            self.name = f"ledger_{os.getpid()}_{folder.name}".replace("-", "_").lower()
            self.on_server(f'CREATE DATABASE "{self.name}"')
            url = urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))
            self.environment |= {"DATABASE_URL": url, "QUEUE_URL": url}
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.python("from dashboard import demo", f"demo.prepare('http://{cloud}')")

    def close(self) -> None:
        if self.server:
            self.on_server(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def on_server(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement.encode())

    def run(self, *command: str) -> None:
        subprocess.run(
            [sys.executable, *command], cwd=settings.ROOT, env=self.environment, check=True
        )

    def python(self, *lines: str) -> None:
        self.run("-c", "\n".join(("import django; django.setup()", *lines)))

    def rows(self, question: str) -> list[tuple[object, ...]]:
        if self.server:
            with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
                return list(connection.execute(question.encode()))
        with closing(sqlite3.connect(self.folder / "ledger.sqlite3", timeout=60)) as connection:
            return list(connection.execute(question))

    @contextmanager
    def process(self, *command: str) -> Iterator[Process]:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=settings.ROOT, env=self.environment
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def worker(self) -> Iterator[Process]:
        with self.process(
            "manage.py", "run_huey", "--workers", "2", "--max-delay", "0.2", "--quiet"
        ) as process:
            yield process

    @contextmanager
    def site(self) -> Iterator[str]:
        """A web server as the demo starts it; its address."""
        self.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        bind = ("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8")
        with self.process("-m", "gunicorn", "dashboard.wsgi", *bind, "--log-level", "warning"):
            wait(lambda: answers(port))
            yield f"http://127.0.0.1:{port}"


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(until: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
