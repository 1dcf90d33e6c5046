"""The json export of a report's resources can be imported again, and nothing has changed."""

import datetime as dt
import json

import pytest
from django.test import Client

from dashboard.comparison.differences import compare_reports
from dashboard.models import Pack, Report
from tests import sample_files
from tests.views.report_files import FRIDAY, import_report_bytes


@pytest.fixture
def report(pack: Pack) -> Report:
    return import_report_bytes(
        pack, sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_json_export_reads_back_to_the_same_evaluations(
    report: Report, reader: Client, language: str
) -> None:
    headers = {"accept-language": language}
    content = reader.get(f"/reports/{report.pk}/export.json", headers=headers).getvalue()
    later = FRIDAY + dt.timedelta(days=1)
    again = import_report_bytes(report.pack, content, "export.json", at=later)
    assert (again.state, again.file_kind) == (Report.State.READY, "json")
    assert (again.rows, again.failing, again.ignored) == (12, report.failing, report.ignored)
    reasons = compare_reports(report, again).reasons
    assert (reasons.came, reasons.left) == (0, 0)


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
