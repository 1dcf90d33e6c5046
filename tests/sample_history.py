"""A short history of a pack, made by the sandbox's generator and imported from files."""

import datetime as dt
import io
from typing import Any

from dashboard.imports import batches
from dashboard.models import Pack, Report
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from dashboard.sandbox.report_files import build_report_file, build_report_file_name
from tests.imported_files import create_report_for_file, import_file

HISTORY_ACCOUNT_UID = "1024837465912038"
HISTORY_END = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def make_sandbox_pack(number: int = 1, **fields: Any) -> SandboxPack:
    """Return a pack of the sandbox with 60 rows; `fields` replace the fields of SandboxPack.

    Its files list the compliant and the ignored evaluations too.
    """
    options = {
        "families": ("oss",),
        "layout": "newer",
        "rows": 60,
        "failing_share": 0.3,
        **fields,
    }
    pack_id, name = f"cp-{number:020}", f"OSS 合规管理最佳实践 {number}"
    return SandboxPack(pack_id, HISTORY_ACCOUNT_UID, name, "", **options)


def import_history(sandbox_pack: SandboxPack, weeks: int = 3) -> Pack:
    """Import one ready report per week until HISTORY_END and return the pack."""
    files = build_past_report_files(
        CloudState(7, weeks, packs=(sandbox_pack,)), weeks, until=HISTORY_END
    )
    reports = [
        create_report_for_file(
            sandbox_pack.uid, sandbox_pack.id, name, io.BytesIO(content), created_at
        )
        for name, content, created_at in files
    ]
    batches.read_and_store_reports(reports)
    assert all(report.state == Report.State.READY for report in reports)
    return Pack.objects.get(pack_id=sandbox_pack.id)


def import_english_report(sandbox_pack: SandboxPack) -> Report:
    """Import a report of the pack's first state in English, created at HISTORY_END."""
    state = CloudState(7, packs=(sandbox_pack,)).get_pack_state(sandbox_pack.id)
    name = build_report_file_name(sandbox_pack, HISTORY_END)
    content = build_report_file(state, HISTORY_END, language="en")
    return import_file(sandbox_pack.uid, sandbox_pack.id, name, io.BytesIO(content), HISTORY_END)
