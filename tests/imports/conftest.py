"""Three weekly report files of one pack."""

import datetime as dt

import pytest

from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

UID = "1024837465912038"
PLAN = SandboxPack(
    "cp-00000000000000000001", UID, "OSS 合规管理最佳实践", "", ("oss",), rows=60, failing_share=0.3
)
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ReportFile = tuple[str, bytes, dt.datetime]  # name, content, time


@pytest.fixture(scope="package")
def files() -> list[ReportFile]:
    return list(build_past_report_files(CloudState(7, 3, packs=(PLAN,)), 3, until=UNTIL))
