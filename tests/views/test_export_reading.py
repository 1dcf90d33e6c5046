"""The exports of a report's resources can be imported again, and nothing has changed."""

import datetime as dt
import json

import pytest
from django.test import Client

from dashboard.comparison.differences import compare_reports
from dashboard.models import Pack, Report
from dashboard.workbook.remarks import UNCOUNTED_CODES
from tests import sample_files
from tests.views.report_files import FRIDAY, import_report_bytes


@pytest.fixture
def report(pack: Pack) -> Report:
    """A report with names that would be formulas."""
    sheets = sample_files.build_risky_texts()
    sheets["合规资源"][1] = (*sheets["合规资源"][1][:2], "'-check", *sheets["合规资源"][1][3:])
    return import_report_bytes(pack, sample_files.build_xls(sheets))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_export_reads_back_without_any_difference(
    report: Report, reader: Client, kind: str, language: str
) -> None:
    headers = {"accept-language": language}
    content = reader.get(f"/reports/{report.pk}/export.{kind}", headers=headers).getvalue()
    later = FRIDAY + dt.timedelta(days=1)
    again = import_report_bytes(report.pack, content, f"export.{kind}", at=later)
    assert again.state == Report.State.READY
    assert (again.rows, again.failing, again.ignored) == (12, report.failing, report.ignored)
    counts = compare_reports(report, again).counts
    assert {bucket: count for bucket, count in counts.items() if bucket.is_change and count} == {}
    assert again.content_hash == report.content_hash
    assert not [one for one in again.remarks if one["code"] in UNCOUNTED_CODES]


def test_a_filtered_json_export_says_so(report: Report, reader: Client) -> None:
    content = reader.get(f"/reports/{report.pk}/export.json?status=failing").getvalue()
    later = FRIDAY + dt.timedelta(days=1)
    again = import_report_bytes(report.pack, content, "export.json", at=later)
    remark = next(one for one in again.remarks if one["code"] == "export_filtered")
    assert remark["facts"] == {"rows": 3, "total": 12}


def test_another_json_is_refused_with_what_helps(report: Report, reader: Client) -> None:
    rules = reader.get(f"/reports/{report.pk}/export.json?what=rules").getvalue()
    for number, content in enumerate((rules, json.dumps({"rows": []}).encode(), b"[1, 2]")):
        later = FRIDAY + dt.timedelta(days=number + 1)
        refused = import_report_bytes(report.pack, content, "export.json", at=later)
        assert (refused.error_code, refused.error_facts["kind"]) == ("unknown", "json")
