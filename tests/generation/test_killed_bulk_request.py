"""Real workers that are killed while they create the runs of a bulk request."""

import time
from collections.abc import Iterator

import pytest

from dashboard.generation.bulk_requests import RUNS_PER_ACCOUNT
from dashboard.sandbox.accounts import DEMO_ACCOUNTS, build_many_packs
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import CreateInstallation, Installation, wait_until

pytestmark = pytest.mark.django_db  # the installations begin with the test database
CLAIM_SECONDS = 2
PACK_COUNT = RUNS_PER_ACCOUNT + 1  # of one account: more than may be under way at once


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    packs = build_many_packs(DEMO_ACCOUNTS[:1], PACK_COUNT, rows=20)
    return Sandbox(CloudState(packs=packs), generation_seconds=0.2)


@pytest.fixture(scope="module")
def installation(
    create_installation: CreateInstallation, sandbox: Sandbox
) -> Iterator[Installation]:
    with run_server_in_thread(sandbox) as cloud:
        limits = {"GENERATE_PER_MINUTE": "6000", "ASK_PER_MINUTE": "60000"}
        installation = create_installation(
            "bulk", cloud, prepare=False, LEASE_SECONDS=str(CLAIM_SECONDS), **limits
        )
        installation.run_python(
            *installation.list_lines_that_prepare(),
            "from dashboard.generation import bulk_requests, bulk_queue",
            "from dashboard.models import Pack",
            "bulk_request = bulk_requests.record_bulk_request(Pack.objects.all(), None)",
            "bulk_queue.schedule_bulk_request(bulk_request.pk)",
        )
        yield installation


def test_workers_killed_in_the_middle_lose_no_report_and_double_none(
    installation: Installation, sandbox: Sandbox
) -> None:
    def count_packs(condition: str) -> int:
        query = f"SELECT count(*) FROM dashboard_requestedpack WHERE {condition}"
        ((count,),) = installation.query_rows(query)
        assert isinstance(count, int)
        return count

    def has_reports(condition: str, count: int) -> bool:
        return count_packs(condition) >= count

    for condition, count in (("report_id > 0", 1), ("state = 'ready'", 3)):
        with installation.start_worker() as worker:
            wait_until(lambda: has_reports(condition, count))  # noqa: B023  # called at once
            worker.kill()
            worker.wait()
        time.sleep(CLAIM_SECONDS + 0.2)  # what it had begun is taken up again at the next start
    with installation.start_worker(), installation.start_worker():
        wait_until(lambda: has_reports("state = 'ready'", PACK_COUNT))
        wait_until(
            lambda: (
                installation.query_rows(
                    "SELECT count(*) FROM dashboard_bulkrequest WHERE ended_at IS NOT NULL"
                )
                == [(1,)]
            )
        )
    reports = installation.query_rows("SELECT pack_id, state FROM dashboard_report")
    assert len(reports) == len(set(reports)) == PACK_COUNT
    assert set(sandbox.generated.values()) == {1}
    assert len(sandbox.generated) == PACK_COUNT
