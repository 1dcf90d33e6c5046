"""Pages while the disk is full, the database is locked, or its server is away."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from dashboard.models import Pack, Report
from tests.small_disk import mount_small_disk

SET_UP = """
import django; django.setup()
from django.conf import settings
name = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": name}}
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
client = Client(raise_request_exception=False)
def expect(answer, status, words=""):
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert words in answer.content.decode(), answer.content.decode()
"""
DATABASE_AWAY = """
for path in ("/", "/packs/1/", "/imports/", "/accounts/login/"):
    client.cookies["ledger_session"] = "a" * 32
    answer = client.get(path)
    expect(answer, 503, "The database is busy")
    assert answer["Retry-After"] == "5"
expect(client.post("/packs/1/reports/"), 503, "The database is busy")
expect(client.post("/accounts/login/", {"username": "a", "password": "b"}), 503)
"""
DISK_FULL = """
import os
from contextlib import suppress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
call_command("migrate", verbosity=0)
User.objects.create_superuser("officer", password="officer")
expect(client.get("/accounts/login/"), 200)
sign_in = {"username": "officer", "password": "officer"}
earlier, leaving = Client(raise_request_exception=False), Client(raise_request_exception=False)
for user in (earlier, leaving):
    expect(user.post("/accounts/login/", sign_in), 302)
    expect(user.post("/preferences/", {"zone": "UTC"}), 302)
with open(os.path.join(os.environ["VAR_DIR"], "filler"), "wb", buffering=0) as file:
    with suppress(OSError):
        while True:
            file.write(bytes(4096))
for number in range(2000):  # use what room the files of the database still have
    with suppress(Exception):
        Session.objects.create(session_key=str(number), session_data="x" * 9000,
                               expire_date="2099-01-01T00:00Z")
expect(earlier.get("/preferences/"), 200, "Preferences saved.")
assert earlier.cookies["ledger_session"].value.startswith("signed:")
expect(earlier.get("/preferences/"), 200, "officer")
expect(leaving.post("/accounts/logout/"), 302)
expect(leaving.get("/"), 302)
expect(client.post("/accounts/login/", sign_in), 302)
assert client.cookies["ledger_session"].value.startswith("signed:")
expect(client.get("/"), 200, "officer")
settings.ADDRESS_FAILURE_LIMIT = 3
for _ in range(3):
    expect(Client(raise_request_exception=False).post("/accounts/login/",
           {"username": "officer", "password": "wrong"}), 503, "The storage is full")
expect(Client().post("/accounts/login/", sign_in), 429, "came from your address")
upload = SimpleUploadedFile("report.xls", b"x" * 9000)
expect(client.post("/imports/", {"files": [upload]}), 503, "The storage is full")
os.unlink(os.path.join(os.environ["VAR_DIR"], "filler"))
upload = SimpleUploadedFile("report.xls", b"x" * 9000)
expect(client.post("/imports/", {"files": [upload]}), 302)
client.cookies["ledger_session"] = client.cookies["ledger_session"].value[:-1] + "_"
expect(client.get("/"), 302)
"""


def run_script(script: str, folder: Path, **variables: str) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "VAR_DIR": str(folder),
        **variables,
    }
    command = [sys.executable, "-c", SET_UP + script]
    subprocess.run(command, cwd=settings.ROOT, env=environment, check=True)


def test_pages_say_that_the_database_is_away_and_when_to_try_again(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"  # nothing listens on this port
    (tmp_path / "static").mkdir()
    run_script(DATABASE_AWAY, tmp_path, DATABASE_URL=url)


def test_users_sign_in_and_read_while_the_disk_is_full(tmp_path: Path) -> None:
    with mount_small_disk(tmp_path, "24m"):
        (tmp_path / "static").mkdir()
        database = f"sqlite:///{tmp_path}/ledger.sqlite3"
        run_script(DISK_FULL, tmp_path, DATABASE_URL=database)


@contextmanager
def lock_database() -> Iterator[None]:
    """Hold a lock, in another connection, that every new report waits for."""
    other = connection.copy()
    other.ensure_connection()
    if connection.vendor == "sqlite":
        other.connection.execute("BEGIN IMMEDIATE")
    else:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE dashboard_report IN SHARE ROW EXCLUSIVE MODE")
    yield
    other.connection.rollback()
    other.close()


@pytest.mark.django_db(transaction=True)
def test_a_click_says_within_ten_seconds_that_the_database_is_busy(
    pack: Pack, officer: User
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(officer)
    with lock_database():
        started_at = time.monotonic()
        answer = client.post(f"/packs/{pack.pk}/reports/")
        assert time.monotonic() - started_at < 10
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "The database is busy" in answer.content.decode()
    assert not Report.objects.exists()
    assert client.post(f"/packs/{pack.pk}/reports/").status_code in (200, 302)
