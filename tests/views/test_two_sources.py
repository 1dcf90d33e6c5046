"""A report of the sandbox with its evaluation results, on every page that shows them."""

import datetime as dt
import re

import pytest
from django.test import Client

from dashboard.comparison.buckets import Bucket
from dashboard.comparison.differences import Comparison, compare_reports
from dashboard.generation import requests
from dashboard.models import Evaluation, EvaluationSource, Pack, Report
from dashboard.models.evaluations import EvaluationQuerySet
from dashboard.sandbox.wsgi import Sandbox
from dashboard.text.formatting import format_page_time
from tests.conftest import RunToEnd
from tests.views.comparison_pages import comparison_path
from tests.views.pages import get_page
from tests.views.report_files import import_report_bytes

LIST = "ListConfigRuleEvaluationResults"
MAX_REPORTS = 12  # until one shows a fix


@pytest.fixture
def report(cloud_pack: Pack, run_to_end: RunToEnd) -> Report:
    """A report of the documented layout, and the evaluation results beside its file."""
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert [sheet.role for sheet in report.sheets.all()] == ["overview", "non_compliant"]
    return report


def select_rows(report: Report) -> EvaluationQuerySet:
    return Evaluation.objects.at(report.pack_id, report.require_position())


def generate_until_fixed(pack: Pack, run_to_end: RunToEnd) -> Comparison:
    """Generate reports until something was fixed since the one before."""
    older = run_to_end(requests.request_report(pack, None))
    for _ in range(MAX_REPORTS):
        newer = run_to_end(requests.request_report(pack, None))
        comparison = compare_reports(older, newer)
        if comparison.counts[Bucket.FIXED]:
            return comparison
        older = newer
    raise AssertionError("nothing was fixed")


def test_the_evidence_page_shows_what_each_source_has(report: Report, reader: Client) -> None:
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    assert "evaluation results complete" in page
    assert str(report.result_list.original_id) in page
    for source in EvaluationSource:
        count = select_rows(report).filter(source=source).count()
        assert f'?source={source.slug}"> {count} evaluation' in page or not count
    assert "every evaluation that both have has the same status in both" in page
    assert "counted from the rows of the file and the evaluation results" in page


def test_what_was_fixed_is_named_with_the_cloud_s_own_time(
    cloud_pack: Pack, run_to_end: RunToEnd, reader: Client
) -> None:
    comparison = generate_until_fixed(cloud_pack, run_to_end)
    keys = [change.key for change in comparison.changes if change.bucket is Bucket.FIXED]
    page = get_page(reader, comparison_path(comparison.older, comparison.newer))
    for row in select_rows(comparison.newer).filter(key__in=keys):
        assert row.fixed_at
        assert row.resource_id in page
        assert f">{format_page_time(row.fixed_at)}<" in page
    assert page.count("cloud: fixed <time") == len(keys)


def test_an_opened_row_says_when_and_why_it_was_evaluated(report: Report, reader: Client) -> None:
    for source in (EvaluationSource.BOTH, EvaluationSource.RESULTS):
        row = select_rows(report).filter(source=source)[0]
        page = get_page(reader, f"/reports/{report.pk}/resources/{row.key}/")
        assert re.search(r"<dt>Evaluated at</dt> <dd> <time", page)
        assert re.search(r"triggered by: a (change of the configuration|schedule)", page)
        is_only_in_results = source == EvaluationSource.RESULTS
        assert ("The file does not list this evaluation" in page) is is_only_in_results
        assert ("of the sheet “不合规资源”" in page) is not is_only_in_results


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_export_reads_back_to_the_same_evaluations(
    report: Report, reader: Client, kind: str, language: str
) -> None:
    headers = {"accept-language": language}
    content = reader.get(f"/reports/{report.pk}/export.{kind}", headers=headers).getvalue()
    assert report.created_at
    later = report.created_at + dt.timedelta(days=1)
    again = import_report_bytes(report.pack, content, f"export.{kind}", at=later)
    assert again.content_hash == report.content_hash
    columns = (
        "key", "digest", "resource", "source", "results_status", "failing_since_ms", "fixed_at_ms",
        "exempt_until", "resource_group",
    )  # fmt: skip
    first, second = (set(select_rows(one).values_list(*columns)) for one in (report, again))
    assert first == second
    counts = compare_reports(report, again).counts
    assert not any(count for bucket, count in counts.items() if bucket.is_change)


def test_a_report_without_the_permission_is_ready_and_says_what_is_missing(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, reader: Client
) -> None:
    sandbox.faults.set("forbidden", on=LIST)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert report.state == Report.State.READY
    words = "compliant evaluations not fetched: permission missing"
    assert words in get_page(reader, f"/reports/{report.pk}/")
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    assert f"config:{LIST}" in page.partition("<pre")[2].partition("</pre>")[0]
    assert "data-source" not in get_page(reader, f"/reports/{report.pk}/resources/")


def test_a_rule_shows_the_text_that_the_cloud_gives_of_it(report: Report, reader: Client) -> None:
    result = report.rule_results.select_related("text").filter(text__isnull=False)[0]
    assert result.text
    for path in (f"/reports/{report.pk}/rules/{result.rule_id}/", f"/rules/{result.rule_id}/"):
        page = get_page(reader, path)
        assert result.text.description in page
        assert result.text.identifier in page
