"""Real imports, killed in the middle."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import Installation, wait

PACK = "cp-00000000000000000001"


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with run_server_in_thread(Sandbox(large_rows=100)) as cloud:
        place = Installation(tmp_path_factory.mktemp("imports"), cloud)
        yield place
        place.close()


def test_one_that_is_begun_again_gives_what_one_in_one_go_gives(
    place: Installation, tmp_path: Path
) -> None:
    plan = SandboxPack(
        PACK, "1024837465912038", "Killed", "", ("oss",), rows=400, failing_share=0.3
    )
    files = list(
        build_past_report_files(
            CloudState(7, 12, packs=(plan,)), 12, until=dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
        )
    )
    for pack in ("cp-killed", "cp-whole"):
        (tmp_path / pack).mkdir()
        for name, content, _created_at in files:
            (tmp_path / pack / name.replace(PACK, pack)).write_bytes(content)

    def told(question: str, pack: str) -> list[tuple[object, ...]]:
        packs = f"SELECT id FROM dashboard_pack WHERE pack_id = '{pack}'"
        return place.rows(question.format(f"pack_id IN ({packs})"))

    ready = "SELECT count(*) FROM dashboard_report WHERE {} AND state = 'ready'"
    for least in (1, 5):
        with place.process("manage.py", "import_reports", str(tmp_path / "cp-killed")):
            wait(lambda least=least: told(ready, "cp-killed")[0][0] >= least)  # type: ignore[misc]
    for pack in ("cp-killed", "cp-whole"):
        place.run("manage.py", "import_reports", str(tmp_path / pack))
        assert told(ready, pack) == [(12,)]
    for question in (
        'SELECT key, "first", until, since, digest FROM dashboard_evaluation WHERE {} ORDER BY key, "first"',
        "SELECT position, rows, failing, new, fixed, gone FROM dashboard_report WHERE {} ORDER BY position",
    ):
        assert told(question, "cp-killed") == told(question, "cp-whole")
