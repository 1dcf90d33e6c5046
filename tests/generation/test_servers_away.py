"""Real servers of database and queue go away under a real site and worker, and return."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests import sample_files
from tests.installation import CreateInstallation, Installation, wait_until
from tests.private_servers import (
    InstallationOnServer,
    PostgresServer,
    RedisServer,
    run_postgresql,
    run_redis,
)
from tests.site_client import post_form, sign_in

pytestmark = pytest.mark.django_db  # the installations begin with the test database
SECONDS_AWAY = 1.5
STATES = "SELECT state FROM dashboard_report ORDER BY id"
# What the worker does every minute.
RESUME = ("from dashboard import tasks", "tasks.resume_overdue_work.call_local()")


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(large_rows=60, generation_seconds=SECONDS_AWAY + 1)


@pytest.fixture
def cloud(sandbox: Sandbox) -> Iterator[str]:
    with run_server_in_thread(sandbox) as cloud:
        yield cloud


def list_states(place: Installation) -> list[object]:
    return [state for (state,) in place.query_rows(STATES)]


def resume_until_ready(place: Installation, count: int) -> None:
    """Do again and again what the worker does every minute, until all reports are ready."""
    wait_end = time.monotonic() + 60
    while list_states(place) != ["ready"] * count:
        assert time.monotonic() < wait_end, list_states(place)
        place.run_python(*RESUME)


def require_that_nothing_is_lost_or_doubled(place: Installation, sandbox: Sandbox) -> None:
    """Require one report of each pack that was asked for, with all its evaluations."""
    reports = place.query_rows("SELECT pack_id, position, rows FROM dashboard_report")
    assert len({pack for pack, _position, _rows in reports}) == len(reports)
    assert sum(sandbox.generated.values()) == len(reports)
    for pack, position, rows in reports:
        count = (
            f"SELECT count(*) FROM dashboard_evaluation WHERE pack_id = {pack} "
            f"AND first <= {position} AND until > {position}"
        )
        assert place.query_rows(count) == [(rows,)]


def require_busy(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert "The database is busy" in answer.text
    assert answer.headers["Retry-After"] == "5"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with run_postgresql() as server:
        yield server


def test_a_restart_of_the_database_server_loses_and_doubles_nothing(
    server: PostgresServer, sandbox: Sandbox, cloud: str, tmp_path: Path
) -> None:
    place = InstallationOnServer(tmp_path, cloud, server, LEASE_SECONDS="2")
    with (
        place.start_web_server() as url,
        place.start_worker() as worker,
        sign_in(url) as browser,
    ):
        token = post_form(browser, "/packs/1/reports/").request.content.decode()
        wait_until(lambda: list_states(place) == ["creating"])
        server.stop()
        stopped_at = time.monotonic()
        while time.monotonic() < stopped_at + SECONDS_AWAY:
            require_busy(browser.get("/"))
            require_busy(browser.post("/packs/2/reports/", content=token.encode()))
        server.start()
        wait_until(lambda: browser.get("/").status_code == 200)
        assert post_form(browser, "/packs/3/reports/").status_code == 302
        resume_until_ready(place, 2)
        assert worker.poll() is None
    require_that_nothing_is_lost_or_doubled(place, sandbox)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


@pytest.fixture(scope="module")
def place(create_installation: CreateInstallation) -> Installation:
    return create_installation("redis", "127.0.0.1:1", prepare=False)


def test_a_restart_of_the_queue_server_keeps_nobody_waiting(
    place: Installation, redis_server: RedisServer, sandbox: Sandbox, cloud: str
) -> None:
    place.environment |= {
        "QUEUE_URL": redis_server.url,
        "DOWNLOAD_HOSTS": cloud,
        "ENDPOINT_HOSTS": cloud,
    }
    place.cloud = cloud
    place.run_python(*place.list_lines_that_prepare())
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    upload = (sample_files.FILE_NAME, sample_files.build_xls(sheets))
    with (
        place.start_web_server() as url,
        place.start_worker() as worker,
        sign_in(url) as browser,
    ):
        assert post_form(browser, "/packs/1/reports/").status_code == 302
        wait_until(lambda: list_states(place) == ["creating"])
        redis_server.stop()
        started_at = time.monotonic()
        [(name,)] = place.query_rows("SELECT name FROM dashboard_pack WHERE id = 2")
        answer = post_form(browser, "/reports/generate/", q=str(name))
        assert answer.headers["Location"] == "/reports/bulk/1/"
        answer = post_form(browser, "/imports/", files={"files": upload}, creates_packs="on")
        assert answer.status_code == 302
        assert time.monotonic() - started_at < 10
        redis_server.start()
        resume_until_ready(place, 3)
        assert worker.poll() is None
    assert sum(sandbox.generated.values()) == 2
