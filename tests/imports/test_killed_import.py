"""Real imports that are killed in the middle."""

import datetime as dt
from pathlib import Path

import pytest

from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.installation import CreateInstallation, Installation, wait_until

pytestmark = pytest.mark.django_db  # the installations begin with the test database
PACK_ID = "cp-00000000000000000001"
PLAN = SandboxPack(PACK_ID, "1024837465912038", "Killed", "", ("oss",), rows=400, failing_share=0.3)
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
READY_COUNT = "SELECT count(*) FROM dashboard_report WHERE {} AND state = 'ready'"
SPANS = (
    'SELECT key, "first", until, since, digest FROM dashboard_evaluation WHERE {} '
    'ORDER BY key, "first"'
)
COUNTS = (
    'SELECT position, rows, failing, came, "left", changes_by_reason FROM dashboard_report '
    "WHERE {} ORDER BY position"
)


@pytest.fixture(scope="module")
def installations(create_installation: CreateInstallation) -> list[Installation]:
    """Two installations: one whose imports are killed, one whose import is left in peace."""
    return [
        create_installation("imports", "127.0.0.1:1", prepare=False, LEASE_SECONDS="1")
        for _ in range(2)
    ]


def test_an_import_that_is_killed_and_run_again_gives_what_one_run_gives(
    installations: list[Installation], tmp_path: Path
) -> None:
    killed, whole = installations
    for name, content, _created_at in build_past_report_files(
        CloudState(7, 12, packs=(PLAN,)), 12, until=UNTIL
    ):
        (tmp_path / name).write_bytes(content)
    command = ("manage.py", "import_reports", "--create", str(tmp_path))

    def query(installation: Installation, statement: str) -> list[tuple[object, ...]]:
        packs = f"SELECT id FROM dashboard_pack WHERE pack_id = '{PACK_ID}'"
        return installation.query_rows(statement.format(f"pack_id IN ({packs})"))

    def has_ready_reports(count: int) -> bool:
        ((ready_count,),) = query(killed, READY_COUNT)
        assert isinstance(ready_count, int)
        return ready_count >= count

    for count in (1, 5):
        with killed.start_process(*command):
            wait_until(lambda count=count: has_ready_reports(count))  # type: ignore[misc]
    for installation in installations:
        installation.run_command(*command)
        assert query(installation, READY_COUNT) == [(12,)]
    for statement in (SPANS, COUNTS):
        assert query(killed, statement) == query(whole, statement)
