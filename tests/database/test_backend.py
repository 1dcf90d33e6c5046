"""SQLite is read where its log cannot be made, and written again by the next connection."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection

from dashboard.archive.disk import find_write_refusal
from dashboard.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db
QUERY = "SELECT value FROM texts ORDER BY value"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a database in WAL mode that every process has closed."""
    path = tmp_path / "a database.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE texts (value TEXT)")
        database.execute("INSERT INTO texts VALUES ('first')")
        database.commit()
    return path


def connect(path: Path) -> DatabaseWrapper:
    options = {"init_command": "PRAGMA journal_mode=WAL", "transaction_mode": "IMMEDIATE"}
    values = {"NAME": path, "OPTIONS": options, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": False}
    return DatabaseWrapper({"AUTOCOMMIT": True, "TIME_ZONE": None, **values})


def list_texts(database: DatabaseWrapper) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute(QUERY)
        return [text for (text,) in cursor.fetchall()]


def insert_text(database: DatabaseWrapper, text: str) -> None:
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO texts VALUES (%s)", [text])


def test_a_database_whose_log_cannot_be_made_is_read_and_later_written(path: Path) -> None:
    obstacle = path.with_name(f"{path.name}-shm")
    obstacle.symlink_to("nowhere")
    database = connect(path)
    assert list_texts(database) == ["first"]
    with pytest.raises(OperationalError) as refusal:
        insert_text(database, "second")
    assert find_write_refusal(refusal.value) == "storage_read_only"
    database.close_if_unusable_or_obsolete()
    obstacle.unlink()
    insert_text(database, "second")
    assert list_texts(database) == ["first", "second"]
    database.close()


def test_a_connection_that_only_reads_ends_when_others_write(path: Path) -> None:
    obstacle = path.with_name(f"{path.name}-shm")
    obstacle.symlink_to("nowhere")
    database = connect(path)
    assert list_texts(database) == ["first"]
    obstacle.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO texts VALUES ('second')")
        other.commit()
        with pytest.raises(OperationalError, match="can be written again"):
            list_texts(database)
        database.close_if_unusable_or_obsolete()
        assert list_texts(database) == ["first", "second"]
    database.close()


def test_what_a_log_holds_is_never_passed_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO texts VALUES ('second')")
        other.commit()
        log = path.with_name(f"{path.name}-wal").read_bytes()
    path.with_name(f"{path.name}-wal").write_bytes(log)  # of a process that was killed
    path.with_name(f"{path.name}-shm").symlink_to("nowhere")
    with pytest.raises(OperationalError):
        list_texts(connect(path))


def test_a_connection_on_which_writing_failed_ends_with_its_request(path: Path) -> None:
    unreliable = path.with_name(f"{path.name}-shm")
    unreliable.mkdir()  # SQLite opens it as a log of a disk that is only read
    database = connect(path)
    with pytest.raises(OperationalError):
        insert_text(database, "second")
    assert not database.is_read_only
    unreliable.rmdir()
    database.close_if_unusable_or_obsolete()
    insert_text(database, "second")
    database.close()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_only_read_is_a_fault_of_the_machine() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        with pytest.raises(DatabaseError) as refusal:
            cursor.execute("DELETE FROM dashboard_report")
        cursor.execute("SET default_transaction_read_only = off")
    assert find_write_refusal(refusal.value) == "storage_read_only"
