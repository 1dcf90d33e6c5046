"""Printed reports: the first page, and rules and resources with nothing left out."""

import pytest
from django.test import Client
from django.utils import translation

from dashboard.models import Pack, Report
from dashboard.text.page_margins import build_page_margins
from tests import sample_files
from tests.views.pages import get_page
from tests.views.report_files import FRIDAY, import_report_bytes


@pytest.fixture
def report(pack: Pack) -> Report:
    return import_report_bytes(pack, sample_files.build_xls(sample_files.build_status_sheet(120)))


def split_print(reader: Client, report: Report, query: str = "") -> tuple[str, str]:
    """Return the first page of the printed report, and what follows it."""
    page = get_page(reader, f"/reports/{report.pk}/print/{query}")
    first_page, rest = page.split('<section id="rules"')
    return first_page, rest


def test_print_has_a_cover_every_rule_and_the_failing_rows_by_rule(
    report: Report, reader: Client
) -> None:
    page = reader.get(f"/reports/{report.pk}/print/").content.decode()
    assert str(report.original_id) in page
    assert "2026-11-20 09:14 UTC+8" in page
    assert "= 108 / (108 + 12)" in " ".join(page.split())
    assert "3 of 3 rules" in page
    assert "12 of 12 rows" in page
    assert page.count('class="group"') == 3
    assert page.count("<tfoot") == 4  # of the rules, and of the resources of each rule


def test_print_says_its_filter_and_how_many_of_how_many(report: Report, reader: Client) -> None:
    page = reader.get(f"/reports/{report.pk}/print/?risk=high").content.decode()
    assert "Filter: risk: High" in page
    assert "4 of 12 rows" in page
    assert 'data-print-extract="Extract: risk: High"' in page


def test_the_first_page_says_which_report_it_is_and_what_its_numbers_mean(
    report: Report, reader: Client
) -> None:
    first_page, _rest = split_print(reader, report)
    for text in (
        report.pack.account.uid, report.pack.pack_id, report.file_name, str(report.original_id),
        "2026-11-20 09:14:00 UTC+8",
        "Evaluation rate", "= 108 / (108 + 12)", "compliant / (compliant + non-compliant)",
        "Resource rate", "resources that no rule fails / judged resources",
        "Counts that the file and the cloud state, against those of the rows:",
        "The resource does not meet the rule.", "By the risk of the rule:", "Ignored",
        "Printed by auditor on", "Prepared by", "Reviewed by", "Date", "Signature",
    ):  # fmt: skip
        assert text in first_page, text
    assert "none: the first report of the pack in this archive" in first_page


def test_the_first_page_of_a_generated_report_has_request_ids_and_checksums(
    report: Report, reader: Client
) -> None:
    provenance = {
        "generate_request_id": "ID-1", "get_request_id": "ID-2", "created_ms": 1795079640000,
        "host": "files.example", "path": "/report.xls", "etag": "E-1", "content_md5": "M-1",
    }  # fmt: skip
    Report.objects.filter(pk=report.pk).update(source="generated", provenance=provenance)
    first_page, _rest = split_print(reader, report)
    for text in ("ID-1", "ID-2", "1795079640000 ms", "files.example/report.xls", "E-1", "M-1"):
        assert f"{text} </dd>" in first_page, text


def test_the_first_page_names_the_report_since_which_changes_are_counted(
    report: Report, pack: Pack, reader: Client
) -> None:
    content = sample_files.build_xls(sample_files.build_status_sheet(121))
    newer = import_report_bytes(pack, content, at=FRIDAY.replace(day=21))
    first_page, _rest = split_print(reader, newer)
    assert "since the report of 2026-11-20 09:14 UTC+8" in first_page


def test_every_rule_and_group_has_its_risk_and_rule_id(report: Report, reader: Client) -> None:
    _first_page, rest = split_print(reader, report)
    rules, resources = rest.split('<section id="resources"')
    for result in report.rule_results.select_related("rule"):
        for part in (rules, resources):
            assert result.rule.rule_id in part
    assert rules.count('class="risk"') == 3
    assert resources.count('class="risk"') == 3
    assert resources.count('scope="colgroup"') == resources.count("<thead>") - 1 == 3


def test_the_contents_lead_to_every_section(report: Report, reader: Client) -> None:
    Report.objects.filter(pk=report.pk).update(remarks=[{"code": "sheet_unrecognised"}])
    first_page, rest = split_print(reader, report)
    for name in ("rules", "resources", "checks", "remarks"):
        assert f'<a href="#{name}">' in first_page
        assert f'id="{name}"' in rest or name == "rules"


def test_an_extract_says_so_on_its_first_page(report: Report, reader: Client) -> None:
    first_page, rest = split_print(reader, report, "?q=nothing-bears-this-name")
    assert "This print is an extract. Filter:" in first_page
    assert "No row matches the filter." in rest
    assert "0 of 12 rows" in first_page


def test_the_margins_have_pack_account_time_and_hash_and_count_the_pages(report: Report) -> None:
    margins = build_page_margins([report], "")
    hash_text = str(report.original_id)
    assert margins.identity == (
        f"{report.pack_name} · {report.pack.account.uid} · "
        f"2026-11-20 09:14 UTC+8, sha256 {hash_text[:8]}…{hash_text[-8:]}"
    )
    assert margins.extract == ""
    parts = (margins.before_page, margins.before_total, margins.after_total)
    assert parts == ("page ", " of ", "")
    with translation.override("zh-hans"):
        margins = build_page_margins([report, report], "x")
        parts = (margins.before_page, margins.before_total, margins.after_total)
        assert parts == ("第 ", " 页，共 ", " 页")
        assert margins.extract == "摘录：x"
        assert margins.identity.count("sha256") == 2
