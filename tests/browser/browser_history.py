"""The reports and the imports that the browser tests find when the site starts."""

import datetime as dt
import io
from dataclasses import replace

from django.contrib.auth.models import User
from django.utils import timezone

from dashboard.generation import bulk_requests
from dashboard.generation.clock_changes import LONGEST_PAUSE
from dashboard.imports import batches, uploads
from dashboard.ledger.withdrawal import withdraw_report
from dashboard.models import (
    BulkRequest,
    ImportBatch,
    ImportedFile,
    Pack,
    Report,
    RequestedPack,
)
from dashboard.sandbox.accounts import build_demo_packs
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.imported_files import create_report_for_file, import_file

# These packs have a history. Tests may add newer reports, but none to the Chinese pack.
CHINESE_PACK_ID = "cp-6f0d62a3b1c94e75a208"
ENGLISH_PACK_ID = "cp-38e9c0d1f7a245b68c14"
FAILING_ONLY_PACK_ID = "cp-91c3f5e7a02b48d6930e"  # its files list failing resources only
COMPLIANT_PACK_ID = "cp-7b15d6f2e09c43a88e35"
PACKS_WITH_HISTORY = (CHINESE_PACK_ID, ENGLISH_PACK_ID, FAILING_ONLY_PACK_ID, COMPLIANT_PACK_ID)
# A report of this pack is under way as long as the site runs, so no test can generate one.
RUNNING_PACK_ID = "cp-d47a1b6e8f304c52917a"
HISTORY_WEEKS = 5
LAST_REPORT_TIME = dt.datetime(2026, 11, 20, 1, 14, tzinfo=dt.UTC)
FAR_FUTURE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
BAD_GATEWAY_PAGE = b"<html><title>502 Bad Gateway</title></html>"
HistoryFile = tuple[str, bytes, dt.datetime]  # name, content and time of the report


def create_browser_history() -> None:
    """Create a month of four packs, and one report or import in each other state."""
    files = {pack_id: build_weekly_files(pack_id) for pack_id in PACKS_WITH_HISTORY}
    reports = [
        create_report_for_file(find_account_uid(pack_id), pack_id, name, io.BytesIO(content), time)
        for pack_id, pack_files in files.items()
        for name, content, time in pack_files
    ]
    batches.read_and_store_reports(reports)
    assert {report.state for report in reports} == {Report.State.READY}
    create_failed_report()
    create_running_report()
    create_bulk_request()
    create_withdrawn_report(files[COMPLIANT_PACK_ID][-1])
    name, content, _created_at = files[CHINESE_PACK_ID][0]
    renamed = name.replace(name[-16:-4], "202601010900")
    import_files({"unknown.xls": content, "broken.xls": BAD_GATEWAY_PAGE, renamed: content})
    assert ImportedFile.objects.filter(state=ImportedFile.State.ASKING).count() == 1
    assert Report.objects.ready().count() == len(PACKS_WITH_HISTORY) * HISTORY_WEEKS


def create_failed_report() -> None:
    uid = find_account_uid(COMPLIANT_PACK_ID)
    page = io.BytesIO(BAD_GATEWAY_PAGE)
    report = import_file(uid, COMPLIANT_PACK_ID, "report.xls", page, LAST_REPORT_TIME)
    assert report.state == Report.State.FAILED


def create_running_report() -> None:
    """Create a run that another user has requested and that no worker continues."""
    pack = Pack.objects.get(pack_id=RUNNING_PACK_ID)
    Report.objects.create(
        pack=pack,
        pack_name=pack.name,
        requested_by=User.objects.create_user("officer"),
        next_at=timezone.now() + LONGEST_PAUSE,
        deadline_at=FAR_FUTURE,
    )


def create_bulk_request() -> None:
    """Create a bulk request that waits for the run that no worker continues."""
    packs = Pack.objects.filter(pack_id=RUNNING_PACK_ID)
    user = User.objects.get(username="officer")
    bulk_request = bulk_requests.record_bulk_request(packs, user)
    report = Report.objects.under_way().get()
    bulk_request.packs.update(state=RequestedPack.State.GENERATING, joined=True, report=report)
    BulkRequest.objects.update(next_at=timezone.now() + LONGEST_PAUSE)


def create_withdrawn_report(file: HistoryFile) -> None:
    """Import a file a second time, as of two hours later, and withdraw this report."""
    name, content, created_at = file
    uid, later = find_account_uid(COMPLIANT_PACK_ID), created_at + dt.timedelta(hours=2)
    report = import_file(uid, COMPLIANT_PACK_ID, name, io.BytesIO(content), later)
    assert withdraw_report(report, User.objects.get(username="officer"), "imported by mistake")


def import_files(contents: dict[str, bytes]) -> None:
    """Upload files by name in one batch, as the import page does."""
    batch = ImportBatch.objects.create(creates_packs=True)
    for name, content in contents.items():
        uploads.store_upload(batch, name, io.BytesIO(content), len(content))
    batches.import_waiting_files(batch.pk)


def find_account_uid(pack_id: str) -> str:
    """Return the id of the account that has a pack of the demo."""
    return next(pack.uid for pack in build_demo_packs(large_rows=0) if pack.id == pack_id)


def build_weekly_files(pack_id: str) -> list[HistoryFile]:
    """Return the files of a pack; the sandbox continues after the last.

    The files of the compliant pack list their rules, unlike those that the sandbox makes of it: a
    page shows a report with rules of which none fails.
    """
    packs = tuple(
        replace(pack, layout="newer") if pack.id == COMPLIANT_PACK_ID else pack
        for pack in CloudState().packs.values()
    )
    return list(
        build_past_report_files(
            CloudState(past_weeks=HISTORY_WEEKS, packs=packs),
            HISTORY_WEEKS,
            until=LAST_REPORT_TIME,
            packs=[pack_id],
        )
    )
