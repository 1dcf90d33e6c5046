"""The reports of the demo: no badge says that all counts match where the file says otherwise."""

import datetime as dt
import io
from itertools import islice

import pytest
from django.utils import translation

from dashboard.imports import batches
from dashboard.management.demo_data import WEEKS
from dashboard.models import Report, Status
from dashboard.sandbox.cloud_state import CloudState, iterate_pack_states
from dashboard.sandbox.past_reports import WEEK
from dashboard.sandbox.report_files import build_report_file, build_report_file_name
from dashboard.text.count_checks import list_check_lines, summarize_checks
from tests.imported_files import create_report_for_file
from tests.original_file import STATUSES, OriginalFile, read_original

pytestmark = pytest.mark.django_db
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
TESTED_WEEKS = (0, WEEKS // 2, WEEKS - 1)
LARGE_PACK_ROWS = 300


def build_demo_files() -> list[tuple[str, str, str, bytes, dt.datetime]]:
    """Return the first, the middle and the last file of each pack of the demo's year."""
    cloud_state = CloudState(past_weeks=WEEKS, large_rows=LARGE_PACK_ROWS)
    files = []
    for pack in cloud_state.packs.values():
        for state in islice(iterate_pack_states(pack, cloud_state.seed), WEEKS):
            if state.step in TESTED_WEEKS:
                created_at = UNTIL - (WEEKS - state.step) * WEEK
                name = build_report_file_name(pack, created_at)
                content = build_report_file(state, created_at)
                files.append((pack.uid, pack.id, name, content, created_at))
    return files


def list_shown_counts(report: Report) -> dict[str, int]:
    """Return the counts that the pages show, by the name and basis of the file's own."""
    counts = {
        "failing_evaluations high": report.failing_high,
        "failing_evaluations medium": report.failing_medium,
        "failing_evaluations low": report.failing_low,
    }
    if report.resource_rate_counts is not None:
        counts["compliant"], counts["non_compliant"] = report.resource_rate_counts
    for name in report.stated_counts["shown_from_overview"]:
        counts[name.lower()] = report.counts[Status[name]]
    return counts


def check_badge(report: Report, original: OriginalFile) -> None:
    stated_counts, our_counts = original.list_stated_counts(), original.count_ours()
    lines = [line for line in list_check_lines(report) if line.source == "the file's overview"]
    assert sorted(line.stated for line in lines) == sorted(stated_counts.values())
    matching = sum(line.verdict == "matches" for line in lines)
    assert matching == sum(our_counts.get(name) == stated for name, stated in stated_counts.items())
    if summarize_checks(report).text.startswith("all "):
        assert matching == len(lines)
    for name, shown in list_shown_counts(report).items():
        is_known = original.rule_risks or not name.startswith("failing_evaluations")
        assert shown == (stated_counts[name] if is_known else 0), name


def test_no_badge_of_the_demo_contradicts_the_overview_of_its_file() -> None:
    files = build_demo_files()
    reports = [
        create_report_for_file(uid, pack_id, name, io.BytesIO(content), created_at)
        for uid, pack_id, name, content, created_at in files
    ]
    batches.read_and_store_reports(reports)
    assert len(reports) == len(TESTED_WEEKS) * 8
    with translation.override("en"):
        for report, (_uid, _pack_id, _name, content, created_at) in zip(
            reports, files, strict=True
        ):
            report.refresh_from_db()
            original = read_original(content)
            assert (report.state, report.created_at) == (Report.State.READY, created_at)
            assert set(STATUSES) <= original.facts.keys()
            check_badge(report, original)
