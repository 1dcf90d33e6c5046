"""A past for the browser to look at, laid in before the site opens."""

import datetime as dt
import io

from dashboard.imports import batch_processing, outcomes, report_creation, uploads
from dashboard.models import ImportBatch, Report
from dashboard.sandbox.accounts import PRODUCTION, STAGING
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.browser.conftest import CHINESE, SPOTLESS, WEEKS

UNTIL = dt.datetime(2026, 11, 20, 1, 14, tzinfo=dt.UTC)
ERROR = b"<html><title>502 Bad Gateway</title></html>"


def lay_in() -> None:
    """Three weeks of two packs, a report that failed, and an import with a file that is not taken in."""
    files = [(PRODUCTION.uid, CHINESE, *file) for file in weeks(CHINESE)]
    files += [(STAGING.uid, SPOTLESS, *file) for file in weeks(SPOTLESS)]
    files.append((STAGING.uid, SPOTLESS, "report.xls", ERROR, UNTIL))
    found = [
        report_creation.create_report_for_file(uid, pack, name, io.BytesIO(content), at)
        for uid, pack, name, content, at in files
    ]
    assert [report.state for report in batch_processing.read_and_store_all(found)] == [
        "ready"
    ] * 2 * WEEKS + ["failed"]
    batch = ImportBatch.objects.create()
    for name, content in (("unknown.xls", files[0][3]), ("broken.xls", ERROR)):
        outcomes.decide_outcomes(
            list(uploads.receive_upload(batch, name, io.BytesIO(content), len(content)))
        )
    assert Report.objects.ready().count() == 2 * WEEKS


def weeks(pack: str) -> list[tuple[str, bytes, dt.datetime]]:
    """Name, content and time of the pack's files; the sandbox goes on where they end."""
    return list(
        build_past_report_files(CloudState(past_weeks=WEEKS), WEEKS, until=UNTIL, packs=[pack])
    )
