"""The reports and the import that the browser tests find when the site starts."""

import datetime as dt
import io

from dashboard.imports import batches, uploads
from dashboard.models import ImportBatch, Report
from dashboard.sandbox.accounts import PRODUCTION, STAGING
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.imported_files import create_report_for_file

# These two packs have a history; no test generates a further report of theirs to the end.
CHINESE_PACK_ID = "cp-6f0d62a3b1c94e75a208"
COMPLIANT_PACK_ID = "cp-7b15d6f2e09c43a88e35"
HISTORY_WEEKS = 3
LAST_REPORT_TIME = dt.datetime(2026, 11, 20, 1, 14, tzinfo=dt.UTC)
BAD_GATEWAY_PAGE = b"<html><title>502 Bad Gateway</title></html>"


def create_browser_history() -> None:
    """Import three weeks of two packs, one failed report, and a batch with a rejected file."""
    chinese_files = build_weekly_files(CHINESE_PACK_ID)
    files = [(PRODUCTION.uid, CHINESE_PACK_ID, *file) for file in chinese_files]
    files += [
        (STAGING.uid, COMPLIANT_PACK_ID, *file) for file in build_weekly_files(COMPLIANT_PACK_ID)
    ]
    files.append((STAGING.uid, COMPLIANT_PACK_ID, "report.xls", BAD_GATEWAY_PAGE, LAST_REPORT_TIME))
    reports = [
        create_report_for_file(uid, pack_id, name, io.BytesIO(content), created_at)
        for uid, pack_id, name, content, created_at in files
    ]
    batches.read_and_store_reports(reports)
    assert [report.state for report in reports] == ["ready"] * 2 * HISTORY_WEEKS + ["failed"]
    _name, content, _created_at = chinese_files[0]
    import_files({"unknown.xls": content, "broken.xls": BAD_GATEWAY_PAGE})
    assert Report.objects.ready().count() == 2 * HISTORY_WEEKS


def import_files(contents: dict[str, bytes]) -> None:
    """Upload files by name in one batch, as the import page does."""
    batch = ImportBatch.objects.create(creates_packs=True)
    for name, content in contents.items():
        uploads.store_upload(batch, name, io.BytesIO(content), len(content))
    batches.import_waiting_files(batch.pk)


def build_weekly_files(pack_id: str) -> list[tuple[str, bytes, dt.datetime]]:
    """Return name, content and time of the pack's files; the sandbox continues after the last."""
    return list(
        build_past_report_files(
            CloudState(past_weeks=HISTORY_WEEKS),
            HISTORY_WEEKS,
            until=LAST_REPORT_TIME,
            packs=[pack_id],
        )
    )
