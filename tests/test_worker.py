"""Real workers on a real queue, killed in the middle of their work."""

import signal
import time
from collections.abc import Iterator

import pytest

from dashboard.sandbox.server import served
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import Installation, wait

PACK = "cp-d47a1b6e8f304c52917a"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(large_rows=4000, generation_seconds=0.5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Installation]:
    with served(sandbox) as cloud:
        place = Installation(tmp_path_factory.mktemp("workers"), cloud)
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


@pytest.mark.parametrize(
    ("state", "operation"),
    [
        ("requested", "GenerateCompliancePackReport"),
        ("creating", "GetCompliancePackReport"),
        ("fetching", "Download"),
        ("reading", ""),
    ],
)
def test_a_worker_killed_in_any_state_loses_and_doubles_nothing(
    state: str, operation: str, place: Installation, sandbox: Sandbox
) -> None:
    ready, made = states(place).count("ready"), sandbox.generated[PACK]
    if operation:
        sandbox.faults.set("slow", on=operation, delay=1.0)
    ask(place)
    with place.worker() as worker:
        wait(lambda: states(place)[-1] == state)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert states(place)[-1] == state
    sandbox.faults.clear("slow")
    time.sleep(1.1)  # the dead worker's claim lapses
    with place.worker(), place.worker():
        wait(lambda: states(place)[-1] == "ready")
    assert states(place).count("ready") == ready + 1
    assert sandbox.generated[PACK] == made + 1
    [(position, rows)] = place.rows("SELECT position, rows FROM dashboard_report ORDER BY id DESC LIMIT 1")
    standing = f"SELECT count(*) FROM dashboard_evaluation WHERE first <= {position} AND until > {position}"
    assert place.rows(standing) == [(rows,)]
