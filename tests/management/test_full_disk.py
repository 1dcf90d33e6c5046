"""Site, worker and demo are started while the disk is full: they show what they have, and wait."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from dashboard.management.commands.demo import find_free_port
from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import Installation, is_listening, wait_until
from tests.site_client import post_form, sign_in
from tests.small_disk import fill_disk, mount_small_disk

pytestmark = pytest.mark.django_db  # the installations begin with the test database
ON_SQLITE = not os.environ.get("DATABASE_URL")
STATES = "SELECT state FROM dashboard_report ORDER BY id"
# The demo with a week of small reports, and not a year.
SHORT_DEMO = (
    "import django; django.setup()\n"
    "from django.core.management import execute_from_command_line\n"
    "from dashboard.management import demo_data\n"
    "from dashboard.management.commands import demo\n"
    "demo.PAUSE = 0.2\n"
    "demo_data.WEEKS, demo_data.LARGE_PACK_ROWS = 1, 60\n"
    "execute_from_command_line(['manage.py', 'demo', '--port', '{port}'])\n"
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    with run_server_in_thread(Sandbox(large_rows=60, generation_seconds=0.2)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    cloud: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Installation]:
    """An installation on a small disk, with its static files and a user; one for each test."""
    with mount_small_disk(tmp_path_factory.mktemp("disk"), "48m") as folder:
        with django_db_blocker.unblock():
            installation = Installation(folder, cloud, QUEUE_URL=f"sqlite://{folder}/queue.sqlite3")
        installation.run_command("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        yield installation
        installation.close()


def request_reports(place: Installation, count: int) -> None:
    place.run_python(
        "from dashboard.generation import requests",
        "from dashboard.models import Pack",
        f"packs = Pack.objects.order_by('pk')[:{count}]",
        "for pack in packs: requests.request_report(pack, None)",
    )


def list_states(place: Installation) -> list[object]:
    return [state for (state,) in place.query_rows(STATES)]


def list_ids(place: Installation, table: str) -> list[object]:
    """Return the ids of a table; tests before may have used the first numbers."""
    return [pk for (pk,) in place.query_rows(f"SELECT id FROM dashboard_{table} ORDER BY id")]


def remove_logs(place: Installation) -> None:
    """Close SQLite's databases properly, which removes the files that a start has to make."""
    for database in place.folder.glob("*.sqlite3"):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    assert not list(place.folder.glob("*-shm"))


@contextmanager
def serve(place: Installation) -> Iterator[httpx.Client]:
    """Start the web server and yield a browser that is signed in as the user of the demo."""
    port = find_free_port()
    with place.start_process("manage.py", "serve", "--port", str(port), "--processes", "1"):
        wait_until(lambda: is_listening(port))
        with sign_in(f"http://127.0.0.1:{port}") as browser:
            yield browser


@pytest.mark.parametrize("place", ["of runs"], indirect=True)
def test_a_start_on_a_full_disk_shows_pages_and_runs_wait_for_room(place: Installation) -> None:
    request_reports(place, 1)
    with place.start_worker():
        wait_until(lambda: list_states(place) == ["ready"])
    [report] = list_ids(place, "report")
    first_pack, _second_pack, third_pack = list_ids(place, "pack")[:3]
    request_reports(place, 2)
    remove_logs(place)
    filler = fill_disk(place.folder)
    with serve(place) as browser:
        for path in (
            "/",
            "/reports/",
            f"/reports/{report}/",
            f"/reports/{report}/resources/",
            f"/packs/{first_pack}/",
        ):
            assert browser.get(path).status_code == 200, path
        if ON_SQLITE:
            answer = post_form(browser, f"/packs/{third_pack}/reports/")
            assert answer.status_code == 503
            assert "The storage is full" in answer.text
        with place.start_worker() as worker:
            assert post_form(browser, "/accounts/password/", old_password="").status_code == 200
            assert browser.get("/").status_code == 200
            filler.unlink()
            wait_until(lambda: list_states(place) == ["ready"] * 3, seconds=150)
            assert worker.poll() is None
        assert post_form(browser, f"/packs/{third_pack}/reports/").status_code == 302


@pytest.mark.parametrize("place", ["of the demo"], indirect=True)
def test_the_demo_starts_on_a_full_disk_and_goes_on_when_there_is_room(
    place: Installation,
) -> None:
    remove_logs(place)
    filler = fill_disk(place.folder)
    port = find_free_port()
    command = [sys.executable, "-c", SHORT_DEMO.format(port=port)]
    with subprocess.Popen(
        command, cwd=settings.ROOT, env=place.environment, stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        assert any("The storage is full" in line for line in iter(demo.stdout.readline, ""))
        wait_until(lambda: is_listening(port))
        with sign_in(f"http://127.0.0.1:{port}") as browser:
            assert browser.get("/").status_code == 200
            filler.unlink()
            assert any(" reports imported" in line for line in iter(demo.stdout.readline, ""))
            pack = list_ids(place, "pack")[0]
            assert post_form(browser, f"/packs/{pack}/reports/").status_code == 302
            wait_until(lambda: set(list_states(place)) == {"ready"})
        demo.terminate()


def test_a_first_start_on_a_full_disk_leaves_no_empty_key(tmp_path: Path) -> None:
    with mount_small_disk(tmp_path / "disk", "64k") as folder:
        filler = fill_disk(folder)
        environment = {**os.environ, "VAR_DIR": str(folder)}
        command = [sys.executable, "manage.py", "check"]
        first = subprocess.run(
            command, cwd=settings.ROOT, env=environment, capture_output=True, check=False
        )
        assert b"No space left" in first.stderr
        assert [path.name for path in folder.iterdir()] == ["filler"]
        filler.unlink()
        subprocess.run(command, cwd=settings.ROOT, env=environment, check=True)
        for name in ("secret-key", "encryption-key"):
            assert len((folder / name).read_text()) > 40
            assert (folder / name).stat().st_mode & 0o077 == 0
