"""A database that is damaged, foreign, not prepared or newer is named in words, on both sides."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection
from django.test import Client

from dashboard.archive.machine_faults import find_machine_fault
from dashboard.database import schema
from dashboard.database.faults import find_database_fault, find_start_fault
from dashboard.database.schema import find_schema_fault

ON_SQLITE = not os.environ.get("DATABASE_URL")
only_sqlite = pytest.mark.skipif(not ON_SQLITE, reason="SQLite only")
only_postgresql = pytest.mark.skipif(ON_SQLITE, reason="PostgreSQL only")
Ended = subprocess.CompletedProcess[str]
SHOW_A_PAGE = (
    "import django; django.setup()\n"
    "import dashboard.wsgi\n"
    "from django.core.handlers.wsgi import WSGIHandler\n"
    "from django.test import RequestFactory\n"
    "request = RequestFactory().get('/', HTTP_HOST='127.0.0.1')\n"
    "answer = WSGIHandler().get_response(request)\n"
    "print(answer.status_code, answer.content.decode())\n"
)


def write_garbage(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def cut_off(path: Path) -> None:
    write_table(path)
    path.write_bytes(path.read_bytes()[:-4096])


def write_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks AS SELECT 1 AS id")
        database.commit()


def run_python(
    folder: Path, *arguments: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.ROOT,
        env={
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder}/ledger.sqlite3",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "VAR_DIR": str(folder),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("prepare", "title"),
    [
        (Path.touch, "The database has no tables yet"),
        (write_garbage, "The database is damaged"),
        (cut_off, "The database is damaged"),
        (write_table, "The database belongs to another application"),
    ],
)
def test_commands_and_pages_say_what_is_wrong_with_a_file(
    prepare: Callable[[Path], None], title: str, tmp_path: Path
) -> None:
    prepare(tmp_path / "ledger.sqlite3")
    command = "migrate" if title.endswith("application") else "verify"
    ended = run_python(tmp_path, "manage.py", command)
    assert ended.returncode == 1
    assert f"{title}." in ended.stderr
    assert "Traceback" not in ended.stderr
    page = run_python(tmp_path, "-c", SHOW_A_PAGE)
    assert page.stdout.startswith("503 ")
    assert f"<h1>{title}</h1>" in page.stdout
    assert "Traceback" not in page.stderr


@only_postgresql
@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/no_such_database", "There is no such database on the server"),
        ("//nobody@", "The database server refuses the sign-in"),
        (":1/", "The database does not answer"),
    ],
)
def test_commands_say_why_the_server_refuses(address: str, title: str, tmp_path: Path) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])
    parts = {
        "/no_such_database": url._replace(path=address),
        "//nobody@": url._replace(netloc=f"nobody@{url.hostname}:{url.port}"),
        ":1/": url._replace(netloc=f"postgres@{url.hostname}:1"),
    }
    ended = run_python(tmp_path, "manage.py", "verify", DATABASE_URL=urlunsplit(parts[address]))
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
    assert title in ended.stderr


@pytest.mark.django_db
def test_a_missing_column_is_a_bug_where_all_tables_are_of_this_version() -> None:
    assert find_schema_fault() == ""
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM dashboard_pack")
    if ON_SQLITE:
        assert find_database_fault(caught.value) == ""


@pytest.fixture
def own_history(transactional_db: None) -> Iterator[None]:
    """Bring the table of migrations back after a test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name, applied FROM django_migrations ORDER BY id")
        rows = cursor.fetchall()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations")
        cursor.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", rows
        )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE django_migrations SET name = '9999_later' WHERE name = '0001_initial' AND "
         "app = 'dashboard'", "database_newer"),
        ("DELETE FROM django_migrations WHERE app = 'dashboard'", "database_not_migrated"),
        ("UPDATE django_migrations SET app = 'shop' WHERE app = 'dashboard'", "database_foreign"),
    ],
)  # fmt: skip
def test_the_history_of_the_tables_tells_whose_they_are(
    change: str, code: str, own_history: None, client: Client
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert find_start_fault() == code
    if code != "database_not_migrated":
        with pytest.raises(CommandError):
            call_command("migrate", verbosity=0)
    schema.check_at_first_request()
    try:
        answer = client.get("/", headers={"Accept-Language": "zh-CN"})
    finally:
        schema.end_check()
    assert answer.status_code == 503
    assert "数据库" in answer.content.decode()


@only_postgresql
@pytest.mark.django_db
def test_a_user_without_rights_is_told_from_a_bug() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE ledger_guest")
        cursor.execute("SET LOCAL ROLE ledger_guest")
        with pytest.raises(ProgrammingError) as caught:
            cursor.execute("SELECT * FROM dashboard_pack")
    assert find_database_fault(caught.value) == "database_rights"
    fault = find_machine_fault(caught.value)
    assert fault
    assert fault.code == "database_rights"


@only_sqlite
def test_damage_in_the_middle_is_found_by_verify_and_refused_by_backup(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    run_python(tmp_path, "manage.py", "migrate")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 8192 * 8192
    content[middle : middle + 8192 * 4] = b"\xa5" * 8192 * 4
    path.write_bytes(content)
    for command in (("verify",), ("backup", str(tmp_path / "backup"))):
        ended = run_python(tmp_path, "manage.py", *command)
        assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
        assert "The database is damaged" in ended.stderr
    assert not list((tmp_path / "backup").glob("*"))
