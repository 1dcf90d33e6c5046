"""Make the dumps of databases of all landed versions (see README.md beside this file)."""

import datetime as dt
import gzip
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests import sample_files  # noqa: E402

HERE = Path(__file__).resolve().parent
# Encrypts the AccessKey secret in the dumps, which is no secret.
ENCRYPTION_KEY = "ZmFrZS1rZXktZm9yLXRoZS1kdW1wcy1vZi12ZXJzaW8="
# The name of a version is the newest of its migrations; "a" is an earlier text of it.
VERSIONS = {
    "0001a": "e98a3e9",
    "0001": "538f95f",
    "0002": "4d3abc1",
    "0003": "0248bb8",
    "0004": "95511bc",
    "0009a": "4eeead1",
    "0009": "9ca4fe6",
    "0010": "9bd4178",
    "0011": "e27e8a0",
    "0012": "34f6434",
    "0013": "a689ab1",
    "0019": "c449a71",
    "0021": "5253ebd",
}
FAILING_PACK = "cp-0f0f0f0f0f0f"
DATABASE = "ledger_versions"


def write_report_files(folder: Path) -> None:
    """Write three reports of a pack, and two of another that list failing resources only."""
    states = (sample_files.SOME_FAILING, sample_files.SOME_CHANGED, sample_files.ALL_COMPLIANT)
    for week, state in enumerate(states):
        time = dt.datetime(2026, 10, 30, 9, 14, tzinfo=dt.UTC) + week * dt.timedelta(weeks=1)
        sheets = sample_files.build_report_sheets(state)
        write_file(folder, sample_files.PACK_ID, time, sheets)
    for week, state in enumerate(states[:2]):
        time = dt.datetime(2026, 10, 31, 9, 14, tzinfo=dt.UTC) + week * dt.timedelta(weeks=1)
        sheets = sample_files.build_report_sheets(state)
        overview, rules, failing, *_others = sheets
        sheets = {name: sheets[name] for name in (overview, rules, failing)}
        sheets[rules] = [row[:3] for row in sheets[rules]]
        if week == 1:  # an overview that counts compliant resources only
            sheets[overview] = [row for row in sheets[overview] if "不合规资源数" not in row]
        write_file(folder, FAILING_PACK, time, sheets)


def write_file(folder: Path, pack_id: str, time: dt.datetime, sheets: dict[str, Any]) -> None:
    local_time = time.astimezone(dt.timezone(dt.timedelta(hours=8)))
    own_values = {
        "合规包ID": pack_id,
        "报告生成时间": f"{local_time:%Y-%m-%d %H:%M:%S} (UTC+8)",
    }
    first, *others = sheets
    overview = [
        (row[0], own_values[row[0]]) if row and row[0] in own_values else row
        for row in sheets[first]
    ]
    own_sheets = {first: overview, **{name: sheets[name] for name in others}}
    name = f"{sample_files.ACCOUNT_UID}-{pack_id}-report-{local_time:%Y%m%d%H%M}.xls"
    (folder / name).write_bytes(sample_files.build_xls(own_sheets))


@contextmanager
def check_out(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "checkout")
        run_git("worktree", "add", "--detach", str(folder), commit)
        try:
            yield folder
        finally:
            run_git("worktree", "remove", "--force", str(folder))


def run_git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)  # noqa: S607


def create_data(checkout: Path, files: Path, variables: dict[str, str]) -> None:
    """Run create_data.py with the code of the version."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "PYTHONWARNINGS": "ignore",
        **variables,
    }
    command = [sys.executable, str(HERE / "create_data.py"), str(files)]
    subprocess.run(command, cwd=checkout, env=environment, check=True)


def make_sqlite_file(checkout: Path, files: Path) -> bytes:
    """Return a database file: SQL text cannot hold the tables of FTS5 (0019 and later)."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {"VAR_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/ledger.sqlite3"}
        create_data(checkout, files, variables)
        copy = Path(folder, "copy.sqlite3")
        with closing(sqlite3.connect(Path(folder, "ledger.sqlite3"))) as database:
            database.execute("VACUUM INTO ?", [str(copy)])
        return copy.read_bytes()


def make_postgresql_dump(checkout: Path, files: Path, server_url: str) -> str:
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{DATABASE}"))
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{DATABASE}"'.encode())
        try:
            with tempfile.TemporaryDirectory() as folder:
                create_data(checkout, files, {"VAR_DIR": folder, "DATABASE_URL": url})
            command = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", url]
            dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        finally:
            server.execute(f'DROP DATABASE "{DATABASE}" WITH (FORCE)'.encode())
    # Lines that begin with a backslash are commands of psql.
    lines = [line for line in dump.splitlines() if not line.startswith(("--", "\\"))]
    return "\n".join(filter(None, lines))


def write_dump(name: str, dump: bytes) -> None:
    path = HERE / "versions" / name
    path.write_bytes(gzip.compress(dump, mtime=0))


def main(*names: str) -> None:
    server_url = os.environ.pop("DATABASE_URL")
    with tempfile.TemporaryDirectory() as folder:
        write_report_files(Path(folder))
        for name in names or VERSIONS:
            with check_out(VERSIONS[name]) as checkout:
                write_dump(f"{name}.sqlite3.gz", make_sqlite_file(checkout, Path(folder)))
                dump = make_postgresql_dump(checkout, Path(folder), server_url)
                write_dump(f"{name}.postgresql.sql.gz", dump.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
