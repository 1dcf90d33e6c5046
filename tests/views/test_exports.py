"""Exports and print of a report: what its pages show, with all rows."""

import csv
import datetime as dt
import io
import json

import openpyxl
import pytest
from django.test import Client

from dashboard.comparison.differences import Comparison
from dashboard.exports import report_tables
from dashboard.exports.report_tables import REPORT_ROWS_PER_SECOND
from dashboard.exports.writers import EXPORT_FORMATS
from dashboard.models import Pack, Report
from dashboard.queries import report_rules
from dashboard.queries.filters import RISKS, EvaluationFilter
from dashboard.workbook import READER_VERSION
from tests import sample_files
from tests.views.comparison_pages import comparison_path, download_json
from tests.views.report_files import import_report_bytes

ROW_COUNT = 120


@pytest.fixture
def report(pack: Pack) -> Report:
    return import_report_bytes(
        pack, sample_files.build_xls(sample_files.build_status_sheet(ROW_COUNT))
    )


@pytest.fixture
def wild_report(pack: Pack) -> Report:
    """A report with formulas, markup and emoji in its cells."""
    return import_report_bytes(pack, sample_files.build_xls(sample_files.build_risky_texts()))


def download(reader: Client, path: str) -> bytes:
    return reader.get(path).getvalue()


def download_csv(reader: Client, path: str) -> list[list[str]]:
    """The rows of a csv, the headings first."""
    return list(csv.reader(io.StringIO(download(reader, path).decode("utf-8-sig"))))


def download_workbook(reader: Client, path: str) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(download(reader, path)))


@pytest.mark.parametrize(
    "query", ["", "status=failing", "risk=high&q=主机", "sort=-resource", "q=nothing"]
)
def test_every_format_has_exactly_the_filtered_rows_in_their_order(
    report: Report, reader: Client, query: str
) -> None:
    path = f"/reports/{report.pk}/export."
    csv_ids = [row[5] for row in download_csv(reader, f"{path}csv?{query}")[1:]]
    json_file = json.loads(download(reader, f"{path}json?{query}"))
    sheet = download_workbook(reader, f"{path}xlsx?{query}")["Table"]
    xlsx_ids = [row[5] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert csv_ids == [row["resource_id"] for row in json_file["rows"]] == xlsx_ids
    page = reader.get(f"/reports/{report.pk}/resources/?{query}").content.decode()
    assert f"{len(csv_ids)} of {ROW_COUNT} rows" in page or not csv_ids
    assert json_file["metadata"]["rows"] == len(csv_ids)
    assert json_file["metadata"]["total_rows"] == ROW_COUNT


def test_a_csv_is_utf_8_with_a_mark_and_says_in_its_name_what_it_is(
    report: Report, reader: Client
) -> None:
    response = reader.get(f"/reports/{report.pk}/export.csv?status=failing")
    assert response.getvalue().startswith(b"\xef\xbb\xbf")
    assert (
        f"{sample_files.ACCOUNT_UID}-20261120T0914%2B0800-Resources-12-of-120.csv"
        in (response["Content-Disposition"])
    )


def test_a_file_s_name_has_the_pack_the_account_the_time_and_the_rows(report: Report) -> None:
    stem = report_tables.format_file_stem(report, "Rules/规则", 3, 3)
    assert (
        stem == f"OSS 合规管理最佳实践-{sample_files.ACCOUNT_UID}-20261120T0914+0800-Rules_规则-3"
    )


def test_formulas_are_inert_and_everything_else_as_it_was(
    wild_report: Report, reader: Client
) -> None:
    path = f"/reports/{wild_report.pk}/export."
    names = [row[6] for row in download_csv(reader, f"{path}csv?status=failing")[1:]]
    assert sorted(names) == sorted(["'=cmd()", "<script>alert(1)</script>", "🔒 数据"])
    sheet = download_workbook(reader, f"{path}xlsx?status=failing")["Table"]
    cells = [row[6] for row in sheet.iter_rows(min_row=2)]
    assert {cell.value for cell in cells} == {"=cmd()", "<script>alert(1)</script>", "🔒 数据"}
    assert {cell.data_type for cell in cells} == {"s"}


def test_an_xlsx_has_a_frozen_head_a_filter_and_a_sheet_about_itself(
    report: Report, reader: Client
) -> None:
    workbook = download_workbook(reader, f"/reports/{report.pk}/export.xlsx?status=failing")
    assert workbook.sheetnames == ["Table", "About"]
    assert workbook["Table"].freeze_panes == "A2"
    assert workbook["Table"].auto_filter.ref == "A1:Z13"
    facts = {row[0]: row[1] for row in workbook["About"].iter_rows(values_only=True)}
    assert facts["Pack"] == sample_files.PACK_NAME
    assert facts["Account ID"] == sample_files.ACCOUNT_UID
    zone = "(Asia/Shanghai, UTC+8)"
    assert facts[f"Report created {zone}"] == dt.datetime(2026, 11, 20, 9, 14)  # noqa: DTZ001
    assert facts["Filter"] == "status: Non-compliant"
    assert facts["SHA-256"] == report.original_id
    assert facts["Rows"] == "12 of 120"
    assert facts["Exported by"] == "auditor"
    assert isinstance(facts[f"Exported at {zone}"], dt.datetime)
    assert facts["Origin"] == "imported"


def test_every_file_says_where_the_report_comes_from(report: Report, reader: Client) -> None:
    facts = {
        "source": "generated",
        "provenance": {"get_request_id": "ID-2", "generate_request_id": "ID-1", "etag": '"E"'},
    }
    Report.objects.filter(pk=report.pk).update(**facts)
    path = f"/reports/{report.pk}/export."
    metadata = json.loads(download(reader, f"{path}json"))["metadata"]
    assert (metadata["generate_request_id"], metadata["get_request_id"]) == ("ID-1", "ID-2")
    assert (metadata["source"], metadata["etag"]) == ("generated", '"E"')
    assert metadata["created_at"] == "2026-11-20 09:14 UTC+8"
    about = download_workbook(reader, f"{path}xlsx")["About"]
    shown = {row[0]: row[1] for row in about.iter_rows(values_only=True)}
    assert shown["Request id of Generate"] == "ID-1"
    assert shown["ETag"] == '"E"'


def test_the_file_of_an_import_says_which_witness_gave_account_pack_and_time(
    report: Report, reader: Client
) -> None:
    origin = {"account": {"by": "content", "stated": {"content": "1", "name": "2"}}}
    Report.objects.filter(pk=report.pk).update(provenance=origin)
    address = f"/reports/{report.pk}/export.json"
    stated = "the file's content (the file's content: 1; the file's name: 2)"
    assert json.loads(download(reader, address))["metadata"]["account_from"] == stated
    Report.objects.filter(pk=report.pk).update(provenance={})
    metadata = json.loads(download(reader, address))["metadata"]
    assert metadata["provenance"].startswith("Imported before the origin")


def test_no_time_of_an_export_is_without_its_zone(report: Report, reader: Client) -> None:
    rows = download_csv(reader, f"/reports/{report.pk}/export.csv")[1:]
    assert {row[16] for row in rows} == {"2026-11-20 09:14 UTC+8"}


def test_a_workbook_has_real_dates_and_the_zone_in_their_heads(
    report: Report, reader: Client
) -> None:
    zone = "(Asia/Shanghai, UTC+8)"
    headings = {
        "resources": "First report with this status",
        "rules": "First seen failing without a break",
    }
    for what, heading in headings.items():
        address = f"/reports/{report.pk}/export.xlsx?status=failing&what={what}"
        head, *rows = download_workbook(reader, address)["Table"].iter_rows(values_only=True)
        column = head.index(f"{heading} {zone}")
        assert {row[column] for row in rows} == {dt.datetime(2026, 11, 20, 9, 14)}  # noqa: DTZ001


def test_the_menu_says_how_excel_imports_long_ids(report: Report, reader: Client) -> None:
    page = " ".join(reader.get(f"/reports/{report.pk}/").content.decode().split())
    assert "import it as text (Data, From Text/CSV), or 16-digit IDs lose their last digits" in page


def test_rules_and_sheets_are_exported_as_well(report: Report, reader: Client) -> None:
    path = f"/reports/{report.pk}/export.csv"
    rules = download_csv(reader, f"{path}?what=rules&risk=high")
    summaries = report_rules.filter_rules(report, EvaluationFilter(risk=RISKS["high"]))
    assert [row[0] for row in rules[1:]] == [summary.name for summary in summaries]
    sheet = download_csv(reader, f"{path}?what=sheet&sheet=0")
    assert len(sheet) == ROW_COUNT + 2
    assert sheet[1][0] == "规则ID"
    assert reader.get(f"{path}?what=sheet&sheet=7").status_code == 404


@pytest.mark.parametrize("path", ["export.exe", "export/exe/"])
def test_an_unknown_format_is_not_found(report: Report, reader: Client, path: str) -> None:
    assert reader.get(f"/reports/{report.pk}/{path}").status_code == 404


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_a_large_file_is_announced_and_comes_by_itself(
    report: Report, reader: Client, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REPORT_ROWS_PER_SECOND, kind, 4)
    query = "status=failing&what=resources"
    page = reader.get(f"/reports/{report.pk}/export/{kind}/?{query}").content.decode()
    file_url = f"/reports/{report.pk}/export.{kind}?status=failing&amp;what=resources"
    assert f'content="0; url={file_url}"' in page
    assert "12 rows take about 3 seconds" in page


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_a_small_file_comes_at_once_wherever_it_is_asked_for(
    report: Report, reader: Client, kind: str
) -> None:
    query = "status=failing&what=resources"
    response = reader.get(f"/reports/{report.pk}/export/{kind}/?{query}")
    assert response.getvalue()
    assert response["Content-Type"] == EXPORT_FORMATS[kind].content_type
    assert f".{kind}" in response["Content-Disposition"]


def test_a_query_longer_than_any_redirect_still_gives_the_file(
    report: Report, reader: Client
) -> None:
    query = "q=" + "x" * 20_000
    assert download(reader, f"/reports/{report.pk}/export/csv/?{query}")
    answer = reader.get(f"/reports/{report.pk}/changes/?direction=came&{query}")
    assert answer["Location"].endswith("/?direction=came")


def test_the_menu_announces_a_large_file_and_links_a_small_one(
    report: Report, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REPORT_ROWS_PER_SECOND, "json", ROW_COUNT - 1)
    menu = reader.get(f"/reports/{report.pk}/resources/").content.decode()
    assert f'href="/reports/{report.pk}/export/json/?&amp;what=resources"' in menu
    assert f'href="/reports/{report.pk}/export.csv?&amp;what=resources" download' in menu


@pytest.mark.parametrize(
    ("version", "words"), [(READER_VERSION, str(READER_VERSION)), (1, "1, an earlier version")]
)
def test_an_export_says_which_reader_read_the_file(
    comparison: Comparison, reader: Client, version: int, words: str
) -> None:
    Report.objects.filter(pk=comparison.older.pk).update(reader_version=version)
    facts = download_json(reader, f"/reports/{comparison.older.pk}/export.json")["metadata"]
    assert facts["reader_version"].startswith(words)
    path = comparison_path(comparison.older, comparison.newer)
    facts = download_json(reader, path + "changes.json")
    assert facts["older_reader_version"].startswith(words)
