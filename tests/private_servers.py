"""Servers of PostgreSQL and Redis of a test's own, on free ports, which the test may stop."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.management.commands.demo import find_free_port
from tests.installation import Installation, is_listening, wait_until

POSTGRESQL_FOLDERS = Path("/usr/lib/postgresql")  # of Debian


class PostgresServer:
    """A cluster in a new folder. PostgreSQL refuses to run as root: then it runs as postgres."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.port = find_free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        if not os.geteuid():
            shutil.chown(folder, "postgres")
        self.run_program("initdb", "--username=postgres", "--auth=trust", "--no-sync")

    def run_program(self, program: str, *options: str) -> None:
        subprocess.run(
            [str(self.programs / program), f"--pgdata={self.folder}", *options],
            user=None if os.geteuid() else "postgres",
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def start(self) -> None:
        # No power cut is meant here: what the system has not written yet is not lost.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c unix_socket_directories=''"
        log = str(self.folder / "log")
        self.run_program("pg_ctl", f"--options={options}", f"--log={log}", "--wait", "start")

    def stop(self) -> None:
        """Stop the server as a crash does: without a word to its clients, and without clean-up."""
        self.run_program("pg_ctl", "--mode=immediate", "--wait", "stop")


@contextmanager
def run_postgresql() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server until the block ends; skip the test where there is none."""
    programs = max(POSTGRESQL_FOLDERS.glob("*/bin"), default=None)
    if programs is None or not (programs / "initdb").exists():
        pytest.skip("PostgreSQL is not installed here")
    # Not below pytest's folder, which only root may open.
    with tempfile.TemporaryDirectory(prefix="ledger-postgresql-") as folder:
        server = PostgresServer(programs, Path(folder))
        server.start()
        try:
            yield server
        finally:
            if (server.folder / "postmaster.pid").exists():
                server.stop()


class InstallationOnServer(Installation):
    """An installation whose database and queue are on a PostgreSQL server of the test's own."""

    def __init__(self, folder: Path, cloud: str, server: PostgresServer, **variables: str) -> None:
        self.url = server.url
        super().__init__(folder, cloud, prepare=True, **variables)

    def create_database(self) -> None:
        self.server_url = self.url
        self.environment |= {"DATABASE_URL": self.url, "QUEUE_URL": self.url}
        self.run_command("manage.py", "migrate", "--verbosity", "0")

    def close(self) -> None:
        """Do nothing: the database goes with its server."""


class RedisServer:
    """A Redis server that keeps nothing on a disk."""

    def __init__(self) -> None:
        self.port = find_free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "")
        self.process = subprocess.Popen(
            ["redis-server", *options],  # noqa: S607
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: is_listening(self.port))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def run_redis() -> Iterator[RedisServer]:
    """Run a Redis server until the block ends; skip the test where there is none."""
    if not shutil.which("redis-server"):
        pytest.skip("Redis is not installed here")
    server = RedisServer()
    try:
        yield server
    finally:
        server.stop()
