"""Exported and printed comparisons have the numbers of the page."""

import csv
import datetime as dt
import io
from urllib.parse import unquote

import openpyxl
import pytest
from django.test import Client

from dashboard.comparison.buckets import Bucket
from dashboard.comparison.differences import Comparison
from dashboard.exports.comparison_tables import COMPARISON_ROWS_PER_SECOND, DEFAULT_BUCKETS
from dashboard.exports.writers import EXPORT_FORMATS
from dashboard.models import Evaluation, Status
from tests.views.comparison_pages import (
    comparison_path,
    count_rows,
    download,
    download_json,
    load_page,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(comparison: Comparison) -> str:
    return comparison_path(comparison.older, comparison.newer)


@pytest.mark.parametrize("page", ["print/", "changes.xlsx"])
def test_a_swapped_print_and_file_say_which_report_is_the_later_one(
    reader: Client, comparison: Comparison, page: str
) -> None:
    response = reader.get(comparison_path(comparison.newer, comparison.older) + page)
    if page == "print/":
        text = response.content.decode()
        assert text.index("Later report") < text.index("Earlier report")
        return
    sheet = openpyxl.load_workbook(io.BytesIO(response.getvalue()))["Summary"]
    facts = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    assert facts["Later report: number"] == comparison.newer.pk
    assert str(facts["In one sentence"]).startswith("Read backwards")


def test_the_files_have_the_page_s_numbers(
    reader: Client, comparison: Comparison, path: str
) -> None:
    counts = comparison.counts
    json_file = download_json(reader, f"{path}changes.json")
    assert json_file["counts"] == {bucket.value: counts[bucket] for bucket in Bucket}
    csv_text = download(reader, f"{path}changes.csv").decode("utf-8-sig")
    csv_rows = list(csv.DictReader(io.StringIO(csv_text)))
    workbook = openpyxl.load_workbook(io.BytesIO(download(reader, f"{path}changes.xlsx")))
    for bucket in DEFAULT_BUCKETS:
        count = counts[bucket]
        assert sum(row["Group"] == bucket.label for row in csv_rows) == count
        assert sum(row["bucket"] == bucket for row in json_file["rows"]) == count
        assert workbook[bucket.label].max_row - 1 == count


def test_a_file_says_which_reports_and_which_filter_it_is_of(
    reader: Client, comparison: Comparison, path: str
) -> None:
    response = reader.get(f"{path}changes.xlsx?bucket=fixed&risk=high")
    count = comparison.counts[Bucket.FIXED]
    name = unquote(response["Content-Disposition"])
    assert f"{comparison.newer.pack.name}-{comparison.newer.pack.account.uid}-2026" in name
    assert "+0800-Changes-" in name
    total = sum(comparison.counts[bucket] for bucket in DEFAULT_BUCKETS)
    assert name.endswith(f"-{count}-of-{total}.xlsx")
    unchanged = reader.get(f"{path}changes.csv?bucket=still-compliant")
    unchanged.close()
    unchanged_name = unquote(unchanged["Content-Disposition"])
    assert f"-Changes-{comparison.counts[Bucket.STILL_COMPLIANT]}.csv" in unchanged_name
    workbook = openpyxl.load_workbook(io.BytesIO(response.getvalue()))
    assert workbook.sheetnames == ["Summary", "Fixed"]
    facts = {row[0]: row[1] for row in workbook["Summary"].iter_rows(values_only=True)}
    assert facts["Earlier report: number"] == comparison.older.pk
    assert facts["Later report: SHA-256"] == comparison.newer.original_id
    assert facts["Later report: Origin"] == "imported"
    created = facts["Later report: Report created (Asia/Shanghai, UTC+8)"]
    assert isinstance(created, dt.datetime)
    assert facts["Filter"] == "change: Fixed · risk: High"
    assert facts["Exported by"] == "auditor"
    assert facts["Fixed"] == count
    assert not [name for name in facts if "_" in str(name)]
    assert not facts.keys() & {bucket.value for bucket in Bucket}


def test_a_fixed_row_of_a_file_says_what_it_was_before(
    reader: Client, path_with_fixed: str
) -> None:
    (row,) = download_json(reader, f"{path_with_fixed}changes.json?bucket=fixed")["rows"]
    before = Evaluation.objects.get(
        status=Status.NON_COMPLIANT,
        resource_id=row["resource_id"],
        rule__rule_id=row["rule_id"],
    )
    assert before.actual or before.reason
    assert row["actual_before"] == before.actual
    assert row["expected_before"] == before.expected
    assert row["operator_before"] == before.operator
    assert row["property_before"] == before.property_path
    assert before.operator
    assert row["reason_before"] == before.reason


def test_a_time_in_a_workbook_is_a_date_and_its_head_names_the_zone(
    reader: Client, path_with_fixed: str
) -> None:
    path = f"{path_with_fixed}changes"
    workbook = openpyxl.load_workbook(io.BytesIO(download(reader, f"{path}.xlsx")))
    head, row = workbook["Fixed"].iter_rows(values_only=True)
    first_seen = head.index("First report with this status (Asia/Shanghai, UTC+8)")
    assert isinstance(row[first_seen], dt.datetime)
    csv_text = download(reader, f"{path}.csv?bucket=fixed").decode("utf-8-sig")
    (csv_row,) = csv.DictReader(io.StringIO(csv_text))
    assert csv_row["First report with this status"].endswith(" UTC+8")


def test_a_file_holds_what_the_filter_leaves(
    reader: Client, comparison: Comparison, path: str
) -> None:
    rows = download_json(reader, f"{path}changes.json?bucket=still-compliant")["rows"]
    assert len(rows) == comparison.counts[Bucket.STILL_COMPLIANT]
    assert {row["now"] for row in rows} == {"COMPLIANT"}


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_a_large_file_is_announced_with_its_rows_and_comes_by_itself(
    reader: Client, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMPARISON_ROWS_PER_SECOND, kind, 1)
    queries = (
        "",
        "bucket=still-compliant",
        "risk=high",
        "bucket=still-failing&risk=high",
        "q=oss",
    )
    for query in queries:
        row_count = len(download_json(reader, f"{path}changes.json?{query}")["rows"])
        page = load_page(reader, f"{path}changes/{kind}/?{query}")
        file_url = f"{path}changes.{kind}?{query.replace('&', '&amp;')}"
        assert f'content="0; url={file_url}"' in page
        assert f"{row_count} rows take about {row_count} seconds" in page


def test_the_menu_announces_a_large_file_and_links_a_small_one(
    reader: Client, comparison: Comparison, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    still_compliant = comparison.counts[Bucket.STILL_COMPLIANT]
    monkeypatch.setitem(COMPARISON_ROWS_PER_SECOND, "json", still_compliant - 1)
    query = "?bucket=still-compliant&q=nothing-bears-this-name"
    menu = load_page(reader, path + query)
    assert f'href="{path}changes/json/{query.replace("&", "&amp;")}"' in menu
    assert f'href="{path}changes.csv{query.replace("&", "&amp;")}" download' in menu
    file = download_json(reader, f"{path}changes/json/{query}")
    assert file["rows"] == download_json(reader, f"{path}changes.json{query}")["rows"]


@pytest.mark.parametrize("file", ["changes.exe", "changes/exe/"])
def test_an_unknown_format_is_not_found(reader: Client, path: str, file: str) -> None:
    assert reader.get(path + file).status_code == 404


def test_the_print_has_all_rows_on_one_page(
    reader: Client, comparison: Comparison, path: str
) -> None:
    page = load_page(reader, f"{path}print/?bucket=still-compliant")
    assert count_rows(page) == comparison.counts[Bucket.STILL_COMPLIANT]
    assert "change: Still compliant" in page


def test_the_print_says_on_its_cover_and_on_every_page_what_it_compares(
    reader: Client, comparison: Comparison, path: str
) -> None:
    page = load_page(reader, f"{path}print/")
    pack = comparison.newer.pack
    hashes = (str(comparison.older.original_id), str(comparison.newer.original_id))
    cover = page[page.index('<header class="cover"') : page.index('<section id="changes"')]
    foot = page[page.index("<tfoot") : page.index("</tfoot>")]
    margin = page[page.index("data-print-identity") : page.index("data-print-extract")]
    short_hashes = [f"{text[:8]}…{text[-8:]}" for text in hashes]
    facts = {cover: hashes, foot: short_hashes, margin: short_hashes}
    for part, part_hashes in facts.items():
        for fact in (pack.name, pack.account.uid, *part_hashes):
            assert fact in part
        assert part.count(" UTC+8") >= 2
    for text in ("Printed by auditor on", "Signature", "Evaluation rate", "In one sentence"):
        assert text in cover
    assert cover.count("Imported before the origin") == 2
    assert "The resource does not meet the rule." in cover


def test_each_rule_of_a_printed_comparison_has_a_head_with_risk_and_rule_id(
    reader: Client, path: str
) -> None:
    page = load_page(reader, f"{path}print/?risk=high")
    changes = page[page.index('<section id="changes"') :]
    rule_ids = {
        row["rule_id"] for row in download_json(reader, f"{path}changes.json?risk=high")["rows"]
    }
    assert rule_ids
    assert changes.count("<thead>") == changes.count('class="risk"') == len(rule_ids)
    assert all(rule_id in changes for rule_id in rule_ids)
    assert "This print is an extract. Filter: risk: High." in page
