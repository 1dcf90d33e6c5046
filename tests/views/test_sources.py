"""Where an evaluation comes from, and the cloud's own times, in the tables of a report."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.models import Evaluation, EvaluationSource, Pack, Report, Status
from tests import sample_files
from tests.views.pages import get_page
from tests.views.report_files import import_report_bytes
from tests.views.result_lists import create_result_list, to_milliseconds

SINCE = dt.datetime(2026, 9, 4, 0, 30, tzinfo=dt.UTC)


@pytest.fixture
def report(pack: Pack) -> Report:
    """A report of twelve evaluations with a complete list of evaluation results."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    report = import_report_bytes(pack, sample_files.build_xls(sheets), sample_files.FILE_NAME)
    create_result_list(report)
    return report


def change_row(report: Report, status: Status, **fields: object) -> Evaluation:
    """Give the first evaluation with this status what evaluation results would give it."""
    rows = Evaluation.objects.at(report.pack_id, report.require_position()).filter(status=status)
    row = rows.order_by("key")[0]
    Evaluation.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    return row


def test_every_row_says_where_it_comes_from(report: Report, reader: Client) -> None:
    change_row(report, Status.NON_COMPLIANT, source=EvaluationSource.BOTH)
    change_row(report, Status.COMPLIANT, source=EvaluationSource.RESULTS)
    page = get_page(reader, f"/reports/{report.pk}/resources/")
    assert page.count('data-source="both"') == 1
    assert page.count('data-source="results"') == 1
    assert page.count('data-source="file"') == 10
    assert ">both</span>" in page


def test_a_report_of_a_file_alone_says_nothing_of_sources(report: Report, reader: Client) -> None:
    report.result_list.delete()
    page = get_page(reader, f"/reports/{report.pk}/resources/")
    assert "data-source" not in page
    assert 'name="source"' not in page


@pytest.mark.parametrize(("source", "count"), [("both", 2), ("results", 1), ("file", 9)])
def test_rows_and_rules_are_filtered_by_source(
    report: Report, reader: Client, source: str, count: int
) -> None:
    for status in (Status.NON_COMPLIANT, Status.COMPLIANT):
        change_row(report, status, source=EvaluationSource.BOTH)
    change_row(report, Status.IGNORED, source=EvaluationSource.RESULTS)
    page = get_page(reader, f"/reports/{report.pk}/resources/?source={source}")
    assert f"{count} of 12 rows" in page
    assert f'<option value="{source}" selected>' in page
    assert "source: " in page
    rules = get_page(reader, f"/reports/{report.pk}/?source={source}")
    shown = re.search(r"(\d) of 3 rules", rules)
    assert shown is not None
    assert int(shown[1]) == {"both": 2, "results": 1, "file": 3}[source]


def test_a_row_on_which_the_sources_disagree_shows_both_statuses(
    report: Report, reader: Client
) -> None:
    row = change_row(
        report,
        Status.NON_COMPLIANT,
        source=EvaluationSource.BOTH,
        results_status=Status.COMPLIANT,
    )
    page = get_page(reader, f"/reports/{report.pk}/resources/?status=failing&source=both")
    assert re.search(r"Non-compliant</span>.*evaluation results:</span>.*Compliant</span>", page)
    opened = get_page(reader, f"/reports/{report.pk}/resources/{row.key}/")
    assert "Status in the file, counted" in opened
    assert "Status in the evaluation results" in opened


@pytest.mark.parametrize(
    ("status", "fields", "words"),
    [
        (
            Status.NON_COMPLIANT,
            {"failing_since_ms": to_milliseconds(SINCE)},
            "cloud: failing since <time",
        ),
        (Status.COMPLIANT, {"fixed_at_ms": to_milliseconds(SINCE)}, "cloud: fixed <time"),
        (Status.IGNORED, {"exempt_until": "2027-01-31"}, "cloud: exempt until 2027-01-31"),
    ],
)
def test_the_cloud_s_own_time_stands_beside_the_archive_s(
    report: Report, reader: Client, status: Status, fields: dict[str, object], words: str
) -> None:
    row = change_row(report, status, source=EvaluationSource.BOTH, **fields)
    page = get_page(reader, f"/reports/{report.pk}/resources/?source=both")
    assert "no later than <time" in page
    assert words in page
    if status != Status.IGNORED:
        assert "2026-09-04 08:30</time>" in page
    assert words in get_page(reader, f"/reports/{report.pk}/?open={row.rule_id}")


def test_an_opened_row_says_all_that_the_evaluation_results_say(
    report: Report, reader: Client
) -> None:
    row = change_row(
        report,
        Status.NON_COMPLIANT,
        source=EvaluationSource.BOTH,
        failing_since_ms=to_milliseconds(SINCE),
        fixed_at_ms=to_milliseconds(SINCE) - 1000,
        exempt_until="2027-01-31",
        resource_group="rg-acfm2pz25js7dpa",
    )
    page = get_page(reader, f"/reports/{report.pk}/resources/{row.key}/")
    for fact in (
        "file and evaluation results</span>",
        "2026-09-04 08:30:00 UTC+8",
        "2026-09-04 08:29:59 UTC+8",
        "2027-01-31",
        "rg-acfm2pz25js7dpa",
    ):
        assert fact in page


def test_a_time_beyond_every_calendar_is_left_out(report: Report, reader: Client) -> None:
    change_row(report, Status.NON_COMPLIANT, failing_since_ms=2**62, fixed_at_ms=-(2**62))
    assert "cloud: failing" not in get_page(reader, f"/reports/{report.pk}/resources/")


def count_queries(reader: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert reader.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", ["", "resources/", "resources/?status=failing"])
def test_a_list_beside_the_file_costs_no_query(report: Report, reader: Client, path: str) -> None:
    path = f"/reports/{report.pk}/{path}"
    count_queries(reader, path)  # fills the cache
    with_list = count_queries(reader, path)
    report.result_list.delete()
    assert count_queries(reader, path) == with_list
