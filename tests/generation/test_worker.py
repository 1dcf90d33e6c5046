"""Real workers on a real queue, killed in the middle of their work."""

import gzip
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dashboard.generation.page_collector import PAGES_PER_PART
from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import CreateInstallation, Installation, wait_until

pytestmark = pytest.mark.django_db  # the installations begin with the test database
PACK = "cp-d47a1b6e8f304c52917a"
LIST = "ListConfigRuleEvaluationResults"
# The fault of the sandbox that keeps a worker in a state. Reading takes long enough without one.
FAULTS: dict[str, dict[str, Any]] = {
    "requested": {"name": "slow", "on": "GenerateCompliancePackReport", "delay": 60.0},
    "creating": {"name": "never-completes"},
    "fetching": {"name": "slow", "on": "Download", "delay": 60.0},
    "listing": {"name": "slow", "on": LIST, "delay": 60.0},
}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(large_rows=8000, generation_seconds=0.5)


@pytest.fixture(scope="module")
def place(create_installation: CreateInstallation, sandbox: Sandbox) -> Iterator[Installation]:
    with run_server_in_thread(sandbox) as cloud:
        yield create_installation("workers", cloud, LEASE_SECONDS="3")


def list_states(place: Installation) -> list[object]:
    return [row[0] for row in place.query_rows("SELECT state FROM dashboard_report ORDER BY id")]


def request_report_in(place: Installation) -> None:
    place.run_python(
        "from dashboard.generation import requests",
        "from dashboard.models import Pack",
        f"requests.request_report(Pack.objects.get(pack_id='{PACK}'), None)",
    )


def kill_worker_in_state(state: str, place: Installation, sandbox: Sandbox) -> None:
    """Request a report and kill its worker in this state.

    Requests another report if the worker was faster than the test.
    """
    for _ in range(20):
        if state in FAULTS:
            sandbox.faults.set(**FAULTS[state], times=1)
        request_report_in(place)
        with place.start_worker() as worker:
            wait_until(
                lambda: (
                    list_states(place)[-1] == "ready"
                    or (list_states(place)[-1] == state and not sandbox.faults.list_as_json())
                )
            )
            worker.kill()
            worker.wait()
        if list_states(place)[-1] == state:
            return
    raise AssertionError(f"no worker was ever seen in the state {state}")


@pytest.mark.parametrize("state", ["requested", "creating", "fetching", "listing", "reading"])
def test_a_worker_killed_in_any_state_loses_and_doubles_nothing(
    state: str, place: Installation, sandbox: Sandbox
) -> None:
    kill_worker_in_state(state, place, sandbox)
    request_count = len(list_states(place))
    time.sleep(3.1)  # the dead worker's claim ends
    with place.start_worker(), place.start_worker():
        wait_until(lambda: list_states(place)[-1] == "ready")
    assert list_states(place) == ["ready"] * request_count
    assert sandbox.generated[PACK] == request_count
    [(position, rows)] = place.query_rows(
        "SELECT position, rows FROM dashboard_report ORDER BY id DESC LIMIT 1"
    )
    evaluations = (
        "SELECT count(*) FROM dashboard_evaluation "
        f"WHERE first <= {position} AND until > {position}"
    )
    assert place.query_rows(evaluations) == [(rows,)]


def count_list_calls(sandbox: Sandbox) -> int:
    return sandbox.call_log.count_by_operation()[LIST]


def test_a_worker_killed_at_a_page_of_the_list_loses_and_doubles_no_row(
    place: Installation, sandbox: Sandbox
) -> None:
    sandbox.faults.set("slow", on=LIST, delay=0.05)
    first_call = count_list_calls(sandbox)
    request_report_in(place)
    with place.start_worker() as worker:
        wait_until(lambda: count_list_calls(sandbox) - first_call > PAGES_PER_PART + 10)
        worker.kill()
        worker.wait()
    assert list_states(place)[-1] == "listing"
    [(pages, parts)] = place.query_rows(
        "SELECT pages, parts FROM dashboard_resultlist ORDER BY report_id DESC LIMIT 1"
    )
    assert parts
    sandbox.faults.clear("slow")
    time.sleep(3.1)  # the dead worker's claim ends
    calls_until_death = count_list_calls(sandbox)
    with place.start_worker(), place.start_worker():
        wait_until(lambda: list_states(place)[-1] == "ready")
    [(outcome, rows, all_pages, restarts, original)] = place.query_rows(
        "SELECT outcome, rows, pages, restarts, original_id FROM dashboard_resultlist "
        "ORDER BY report_id DESC LIMIT 1"
    )
    state = sandbox.cloud_state.get_pack_state(PACK)
    keys = [
        (rule.id, resource.id) for rule in state.rules for resource in state.list_resources(rule)
    ]
    assert (outcome, rows, restarts) == ("complete", len(keys), 0)
    calls = count_list_calls(sandbox) - calls_until_death
    # A call whose connection is lost is made again.
    assert calls - (int(str(all_pages)) - int(str(pages))) in (0, 1)
    assert sorted(read_list_keys(place, str(original))) == sorted(keys)
    assert not list(place.folder.glob("archive/incoming-results/*/*"))


def read_list_keys(place: Installation, original: str) -> list[tuple[str, str]]:
    """Return rule id and resource id of each row of a list in the archive."""
    content = (place.folder / "archive" / "originals" / original[:2] / original).read_bytes()
    rows = [
        row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
        for line in gzip.decompress(content).splitlines()
        for row in json.loads(line)["EvaluationResults"]["EvaluationResultList"]
    ]
    return [(row["ConfigRuleId"], row["ResourceId"]) for row in rows]


def test_an_entry_of_a_task_that_no_longer_exists_does_no_harm(place: Installation) -> None:
    place.run_python(
        "from huey.contrib.djhuey import HUEY",
        "@HUEY.task()",
        "def removed_task(): pass",
        "removed_task()",
        "removed_task.schedule(delay=0)",
    )
    request_report_in(place)
    with place.start_worker():
        wait_until(lambda: list_states(place)[-1] == "ready")


@pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="SQLite only")
def test_recent_writes_are_moved_from_the_log_into_the_database_file(place: Installation) -> None:
    database, copy_path = str(place.folder / "ledger.sqlite3"), str(place.folder / "copy.sqlite3")
    place.run_python(
        "import shutil",
        "from django.contrib.auth.models import User",
        "from dashboard import tasks",
        "User.objects.create(username='recent')",
        "tasks.checkpoint_sqlite.call_local()",
        f"shutil.copy({database!r}, {copy_path!r})",
    )
    with closing(sqlite3.connect(place.folder / "copy.sqlite3")) as copy:
        assert copy.execute(
            "SELECT count(*) FROM auth_user WHERE username = 'recent'"
        ).fetchone() == (1,)
