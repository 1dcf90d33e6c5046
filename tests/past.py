"""A short history from the sandbox's generator, brought in as files are."""

import datetime as dt
import io

from dashboard.imports import batch_processing, report_creation
from dashboard.models import Pack, Report
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from dashboard.sandbox.report_files import build_report_file, build_report_file_name

UID = "1024837465912038"
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def plan(number: int = 1, **facts: object) -> SandboxPack:
    """A pack of 60 rows."""
    told: dict[str, object] = {"rows": 60, "failing_share": 0.3, **facts}
    pack_id, name = f"cp-{number:020}", f"OSS 合规管理最佳实践 {number}"
    return SandboxPack(pack_id, UID, name, "", ("oss",), **told)  # type: ignore[arg-type]


def bring_in(of: SandboxPack, weeks: int = 3) -> Pack:
    """The pack with a ready report for each week."""
    made = build_past_report_files(CloudState(7, weeks, packs=(of,)), weeks, until=UNTIL)
    found = [
        report_creation.create_report_for_file(of.uid, of.id, name, io.BytesIO(content), at)
        for name, content, at in made
    ]
    assert all(
        report.state == Report.State.READY for report in batch_processing.read_and_store_all(found)
    )
    return Pack.objects.get(pack_id=of.id)


def english_of(of: SandboxPack) -> Report:
    """A report of the pack's first state in English, a day after the one in the pack's own language."""
    state = CloudState(7, packs=(of,)).get_pack_state(of.id)
    at = UNTIL
    content = build_report_file(state, at, language="en")
    report = report_creation.create_report_for_file(
        of.uid, of.id, build_report_file_name(of, at), io.BytesIO(content), at
    )
    return next(batch_processing.read_and_store_all([report]))
