"""Real workers on a real queue, killed in the middle of their work."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import Installation, wait

PACK = "cp-d47a1b6e8f304c52917a"
HOLDS: dict[
    str, dict[str, Any]
] = {  # what holds a worker in a state; to read takes long enough by itself
    "requested": {"name": "slow", "on": "GenerateCompliancePackReport", "delay": 60.0},
    "creating": {"name": "never-completes"},
    "fetching": {"name": "slow", "on": "Download", "delay": 60.0},
}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(large_rows=4000, generation_seconds=0.5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Installation]:
    with run_server_in_thread(sandbox) as cloud:
        place = Installation(tmp_path_factory.mktemp("workers"), cloud, LEASE_SECONDS="1")
        yield place
        place.close()


def states(place: Installation) -> list[object]:
    return [row[0] for row in place.rows("SELECT state FROM dashboard_report ORDER BY id")]


def ask(place: Installation) -> None:
    place.python(
        "from dashboard import reports, tasks",
        "from dashboard.models import Pack",
        f"tasks.nudge(reports.request(Pack.objects.get(pack_id='{PACK}'), None).pk)",
    )


def kill_in(state: str, place: Installation, sandbox: Sandbox) -> None:
    """Asks for a report and kills its worker in this state; asks for another where the worker was quicker."""
    for _ in range(20):
        if state in HOLDS:
            sandbox.faults.set(**HOLDS[state], times=1)
        ask(place)
        with place.worker() as worker:
            wait(
                lambda: (
                    states(place)[-1] == "ready"
                    or (states(place)[-1] == state and not sandbox.faults.list_as_json())
                )
            )
            worker.kill()
            worker.wait()
        if states(place)[-1] == state:
            return
    raise AssertionError(f"no worker was ever seen in the state {state}")


@pytest.mark.parametrize("state", ["requested", "creating", "fetching", "reading"])
def test_a_worker_killed_in_any_state_loses_and_doubles_nothing(
    state: str, place: Installation, sandbox: Sandbox
) -> None:
    kill_in(state, place, sandbox)
    asked = len(states(place))
    time.sleep(1.1)  # the dead worker's claim lapses
    with place.worker(), place.worker():
        wait(lambda: states(place)[-1] == "ready")
    assert states(place) == ["ready"] * asked
    assert sandbox.generated[PACK] == asked
    [(position, rows)] = place.rows(
        "SELECT position, rows FROM dashboard_report ORDER BY id DESC LIMIT 1"
    )
    standing = f"SELECT count(*) FROM dashboard_evaluation WHERE first <= {position} AND until > {position}"
    assert place.rows(standing) == [(rows,)]


@pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="of SQLite's log")
def test_what_was_written_lately_goes_from_the_log_into_the_database(place: Installation) -> None:
    place.python(
        "import shutil",
        "from django.contrib.auth.models import User",
        "from dashboard import tasks",
        "User.objects.create(username='lately')",
        "tasks.write_back.call_local()",
        f"shutil.copy({str(place.folder / 'ledger.sqlite3')!r}, {str(place.folder / 'copy.sqlite3')!r})",
    )
    with closing(sqlite3.connect(place.folder / "copy.sqlite3")) as copy:
        assert copy.execute(
            "SELECT count(*) FROM auth_user WHERE username = 'lately'"
        ).fetchone() == (1,)
