"""Exports and print: what the screen shows, whole."""

import csv
import io
import json

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.exports import tables
from dashboard.models import Pack, Report, Status
from dashboard.queries import report_query
from dashboard.queries.filters import EvaluationFilter
from tests import files
from tests.web.report_files import entered

ROWS = 120


@pytest.fixture
def f3(pack: Pack) -> Report:
    return entered(pack, files.xls(files.rows(ROWS)))


@pytest.fixture
def f7(pack: Pack) -> Report:
    return entered(pack, files.xls(files.wild()))


def fetched(reader: Client, path: str) -> bytes:
    return reader.get(path).getvalue()


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "query", ["", "status=failing", "risk=high&q=主机", "sort=-resource", "q=nothing"]
)
def test_every_format_has_exactly_the_filtered_rows_in_their_order(
    f3: Report, reader: Client, query: str
) -> None:
    path = f"/reports/{f3.pk}/export."
    lines = [row[5] for row in table(fetched(reader, f"{path}csv?{query}"))[1:]]
    told = json.loads(fetched(reader, f"{path}json?{query}"))
    book = openpyxl.load_workbook(io.BytesIO(fetched(reader, f"{path}xlsx?{query}")))
    cells = [row[5] for row in book["Table"].iter_rows(min_row=2, values_only=True)]
    assert lines == [row["resource_id"] for row in told["rows"]] == cells
    shown = reader.get(f"/reports/{f3.pk}/resources/?{query}").content.decode()
    assert f"{len(lines)} of {ROWS} rows" in shown or not lines
    assert told["metadata"]["rows"] == len(lines)


def test_a_csv_is_utf_8_with_a_mark_and_says_in_its_name_what_it_is(
    f3: Report, reader: Client
) -> None:
    response = reader.get(f"/reports/{f3.pk}/export.csv?status=failing")
    assert response.getvalue().startswith(b"\xef\xbb\xbf")
    named = tables.build_resource_table(f3, EvaluationFilter(status=Status.NON_COMPLIANT)).file_stem
    assert named == f"OSS 合规管理最佳实践-{files.ACCOUNT}-20261120T0914+0800-Resources-12-of-120"


def test_formulas_are_inert_and_everything_else_as_it_was(f7: Report, reader: Client) -> None:
    names = [
        row[6] for row in table(fetched(reader, f"/reports/{f7.pk}/export.csv?status=failing"))[1:]
    ]
    assert sorted(names) == sorted(["'=cmd()", "<script>alert(1)</script>", "🔒 数据"])
    book = openpyxl.load_workbook(
        io.BytesIO(fetched(reader, f"/reports/{f7.pk}/export.xlsx?status=failing"))
    )
    cells = [row[6] for row in book["Table"].iter_rows(min_row=2)]
    assert {cell.value for cell in cells} == {"=cmd()", "<script>alert(1)</script>", "🔒 数据"}
    assert {cell.data_type for cell in cells} == {"s"}


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1", "＝1"])
def test_whatever_begins_a_formula_is_led_by_an_apostrophe(text: str) -> None:
    assert tables.neutralize_formulas([text, "a=1", "", 7]) == [f"'{text}", "a=1", "", 7]


def test_an_xlsx_keeps_ids_as_text_and_takes_what_xml_cannot_carry_out() -> None:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet()
    assert tables.is_safe_text(["123456789012345678", "", 3])
    for text in ("=1", "#N/A", "a\x00b", "x" * 40_000):
        assert not tables.is_safe_text([text])
    assert tables.text_cell(page, "#N/A").data_type == "s"
    assert tables.text_cell(page, "a\x00b") == "a�b"
    assert len(tables.text_cell(page, "x" * 40_000)) == 32_767


def test_an_xlsx_has_a_frozen_head_a_filter_and_a_sheet_about_itself(
    f3: Report, reader: Client
) -> None:
    content = fetched(reader, f"/reports/{f3.pk}/export.xlsx?status=failing")
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["Table"].freeze_panes == "A2"
    assert book["Table"].auto_filter.ref == "A1:O13"
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert about["Pack"] == files.PACK_NAME
    assert about["Account ID"] == files.ACCOUNT
    assert about["Report created"] == "2026-11-20 09:14 CST (UTC+8)"
    assert about["Filter"] == "status: Non-compliant"
    assert about["SHA-256"] == f3.original_id
    assert about["Rows"] == "12 of 120"
    assert about["Exported by"] == "auditor"
    assert "(UTC+8)" in str(about["Exported at"])


def test_no_time_of_an_export_is_without_its_zone(f3: Report, reader: Client) -> None:
    since = {row[13] for row in table(fetched(reader, f"/reports/{f3.pk}/export.csv"))[1:]}
    assert since == {"2026-11-20 09:14 CST (UTC+8)"}


def test_rules_and_sheets_are_exported_as_well(f3: Report, reader: Client) -> None:
    rules = table(fetched(reader, f"/reports/{f3.pk}/export.csv?what=rules&risk=high"))
    assert [row[0] for row in rules[1:]] == [
        one.name
        for one in report_query.filter_rules(f3, EvaluationFilter(risk=1))  # type: ignore[arg-type]
    ]
    sheet = table(fetched(reader, f"/reports/{f3.pk}/export.csv?what=sheet&sheet=0"))
    assert len(sheet) == ROWS + 2
    assert sheet[1][0] == "规则ID"
    assert reader.get(f"/reports/{f3.pk}/export.csv?what=sheet&sheet=7").status_code == 404


def test_what_is_no_format_is_not_found(f3: Report, reader: Client) -> None:
    for path in ("export.exe", "export/exe/"):
        assert reader.get(f"/reports/{f3.pk}/{path}").status_code == 404


@pytest.mark.parametrize("kind", list(tables.FORMATS))
def test_a_large_file_is_announced_and_comes_by_itself(
    f3: Report, reader: Client, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tables.FORMATS, kind, tables.FORMATS[kind]._replace(pace=4))
    page = reader.get(
        f"/reports/{f3.pk}/export/{kind}/?status=failing&what=resources"
    ).content.decode()
    assert (
        f'content="0; url=/reports/{f3.pk}/export.{kind}?status=failing&amp;what=resources"' in page
    )
    assert "12 rows take about 3 seconds" in page


@pytest.mark.parametrize("kind", list(tables.FORMATS))
def test_a_small_file_comes_at_once_wherever_it_is_asked_for(
    f3: Report, reader: Client, kind: str
) -> None:
    answer = reader.get(f"/reports/{f3.pk}/export/{kind}/?status=failing&what=resources")
    assert answer["Location"] == f"/reports/{f3.pk}/export.{kind}?status=failing&what=resources"


def test_what_takes_long_is_announced_and_what_does_not_comes_at_once(
    f3: Report, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tables.FORMATS, "json", tables.FORMATS["json"]._replace(pace=ROWS - 1))
    menu = reader.get(f"/reports/{f3.pk}/resources/").content.decode()
    assert f'href="/reports/{f3.pk}/export/json/?&amp;what=resources"' in menu
    assert f'href="/reports/{f3.pk}/export.csv?&amp;what=resources" download' in menu


def test_print_has_a_cover_every_rule_and_the_failing_rows_by_rule(
    f3: Report, reader: Client
) -> None:
    page = reader.get(f"/reports/{f3.pk}/print/").content.decode()
    assert str(f3.original_id) in page
    assert "2026-11-20 09:14 CST (UTC+8)" in page
    assert "= 108 / (108 + 12)" in page
    assert "3 of 3 rules" in page
    assert "12 of 12 rows" in page
    assert page.count('class="group"') == 3
    assert page.count("<tfoot") == 2


def test_print_says_its_filter_and_how_many_of_how_many(f3: Report, reader: Client) -> None:
    page = reader.get(f"/reports/{f3.pk}/print/?risk=high").content.decode()
    assert "risk: High" in page
    assert "4 of 4 rows" in page


@pytest.mark.parametrize(
    "cell",
    ['"', "a,b", "a\nb", "a\rb", "a\x1fb", "=1", "", "不合规，公共读", "a=b", 7, -1.5, None, True],
)
def test_a_csv_is_what_the_csv_module_writes(cell: object) -> None:
    for row in ((cell, "b", 3), ("a", cell, "c"), (cell,)):
        table = tables.Table("", [], ["x"] * len(row), iter([row]), 1, 1, "", Report())
        target = io.StringIO()
        csv.writer(target).writerows([table.heads, tables.neutralize_formulas(row)])
        with tables.write_to_temporary_file(table, tables.write_csv, User()) as file:
            assert file.read().decode("utf-8-sig") == target.getvalue()
