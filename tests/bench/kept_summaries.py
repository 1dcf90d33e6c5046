"""What it costs to keep the summary of a pack, for each report that becomes ready."""

import datetime as dt
import time
from unittest import mock

from django.utils import timezone

from dashboard import workbook
from dashboard.generation import lifecycle
from dashboard.ledger import pack_summaries
from dashboard.models import Pack, Report
from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.stored_reports import create_reports_without_rows
from tests.bench.subprocess_jobs import create_report, delete_stored_reading, time_calls

REPORTS, ROWS = 40, 200
EXTRA_PERCENT = 5


def measure_extra_time(site: BenchSite) -> Measurement:
    """Return the share of the time from the file's bytes to *ready* that the summary takes.

    The pack has a year of weekly reports.
    """
    pack = site.get_or_create_pack("kept")  # of the account that the files state
    pack.imported = True  # the sandbox does not know it
    pack.save()
    create_reports_without_rows(pack, range(0, 52 * 7, 7))
    workbook.start_reader()
    store_report(site, pack, 0)  # what is loaded at the first time is not counted
    update_seconds: list[float] = []
    timed_update = time_calls(pack_summaries.update_report_fields, update_seconds)
    with mock.patch.object(pack_summaries, "update_report_fields", timed_update):
        seconds = sum(store_report(site, pack, step) for step in range(1, REPORTS + 1))
    extra = sum(update_seconds)
    note = f"{extra / REPORTS * 1000:.1f} ms of {seconds / REPORTS * 1000:.1f} ms a report"
    label = f"a report of {ROWS} rows becoming ready: what is kept of its pack"
    return Measurement(label, 100 * extra / (seconds - extra), EXTRA_PERCENT, "%", note)


def store_report(site: BenchSite, pack: Pack, step: int) -> float:
    """Make a ready report of a new file; return the seconds from its bytes on."""
    path = site.get_xls_file(ROWS, step)
    delete_stored_reading(path)
    started_at = time.perf_counter()
    created_at = timezone.now() + dt.timedelta(minutes=step)
    report = create_report(path, pack.pk, created_at.isoformat(), Report.State.READING)
    lifecycle.advance_report(report.pk)
    seconds = time.perf_counter() - started_at
    report.refresh_from_db()
    if report.state != Report.State.READY:
        raise SystemExit(f"the report ended {report.state}: {report.error_code}")
    return seconds
