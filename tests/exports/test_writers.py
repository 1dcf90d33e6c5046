"""The writers of exports: every format has all rows, and no text runs as a formula."""

import csv
import io
import json
from typing import Any

import openpyxl
import pytest

from dashboard.exports import writers
from dashboard.exports.tables import AboutSheet, Cells, ExportColumn, ExportTable, RowGroup
from dashboard.exports.xlsx_writer import write_xlsx


def make_table(*groups: list[Cells], columns: list[ExportColumn] | None = None) -> ExportTable:
    """A table whose columns are named by letters, with the groups "1", "2" and so on."""
    width = len(groups[0][0]) if groups and groups[0] else 2
    return ExportTable(
        file_stem="table",
        columns=columns or [ExportColumn(letter, letter.upper()) for letter in "abcde"[:width]],
        groups=[RowGroup(str(number), iter(rows)) for number, rows in enumerate(groups, 1)],
        row_count=sum(map(len, groups)),
        about=AboutSheet("About", [("Pack", "=pack"), ("Rows", 2)], is_first=False),
        json_properties={"metadata": {"pack": "包"}},
    )


def write_csv_text(table: ExportTable) -> str:
    with writers.write_to_temporary_file(table, writers.write_csv) as file:
        return file.read().decode("utf-8-sig")


def write_workbook(table: ExportTable) -> openpyxl.Workbook:
    with writers.write_to_temporary_file(table, write_xlsx) as file:
        return openpyxl.load_workbook(io.BytesIO(file.read()))


def write_json_object(table: ExportTable) -> Any:
    with writers.write_to_temporary_file(table, writers.write_json) as file:
        return json.load(file)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1", "＝1"])
def test_a_text_that_begins_like_a_formula_is_led_by_an_apostrophe(text: str) -> None:
    assert writers.neutralize_formulas((text, "a=1", "", 7)) == [f"'{text}", "a=1", "", 7]


@pytest.mark.parametrize(
    "cell",
    ['"', "a,b", "a\nb", "a\rb", "a\x1fb", "=1", "", "不合规，公共读", "a=b", 7, -1.5, None, True],
)
def test_a_csv_is_what_the_csv_module_writes_of_inert_cells(cell: object) -> None:
    for row in ((cell, "b", 3), ("a", cell, "c"), (cell,)):
        table = make_table([row])
        expected = io.StringIO()
        csv.writer(expected).writerows([table.headings, writers.neutralize_formulas(row)])
        assert write_csv_text(table) == expected.getvalue()


def test_a_csv_begins_with_a_byte_order_mark() -> None:
    with writers.write_to_temporary_file(make_table([("a", "b")]), writers.write_csv) as file:
        assert file.read(3) == b"\xef\xbb\xbf"


@pytest.mark.parametrize("text", ["=1", "#N/A", "123456789012345678", "😀", "a\nb"])
def test_an_xlsx_keeps_a_text_as_text(text: str) -> None:
    cell = write_workbook(make_table([(text, 1)]))["1"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_an_xlsx_has_no_character_that_xml_forbids_and_no_cell_beyond_the_limit() -> None:
    sheet = write_workbook(make_table([("a\x00b", "x" * 40_000)]))["1"]
    assert sheet["A2"].value == "a�b"
    assert len(sheet["B2"].value) == 32_767


def test_an_xlsx_keeps_numbers_and_empty_cells() -> None:
    sheet = write_workbook(make_table([(7, -1.5, None)]))["1"]
    assert [cell.value for cell in sheet[2]] == [7, -1.5, None]


def test_each_group_is_a_sheet_with_a_frozen_heading_and_a_filter() -> None:
    workbook = write_workbook(make_table([("a", "b"), ("c", "d")], []))
    assert workbook.sheetnames == ["1", "2", "About"]
    for title, filtered in (("1", "A1:B3"), ("2", "A1:B1")):
        sheet = workbook[title]
        assert [cell.value for cell in sheet[1]] == ["A", "B"]
        assert sheet["A1"].font.bold
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == filtered


def test_headings_and_facts_about_a_table_are_no_formulas() -> None:
    workbook = write_workbook(make_table([("a",)], columns=[ExportColumn("a", "=a")]))
    for cell in (workbook["1"]["A1"], workbook["About"]["B1"]):
        assert cell.data_type == "s"


def test_a_json_has_the_properties_and_the_rows_of_all_groups_by_column() -> None:
    table = make_table([("=1", 7)], [("不合规", None)])
    assert write_json_object(table) == {
        "metadata": {"pack": "包"},
        "rows": [{"a": "=1", "b": 7}, {"a": "不合规", "b": None}],
    }


def test_labels_stand_in_the_formats_for_people_and_values_in_json() -> None:
    columns = [ExportColumn("risk", "Risk", {"HIGH": "High"}), ExportColumn("rule", "Rule")]
    rows: list[Cells] = [("HIGH", "HIGH")]
    assert write_csv_text(make_table(rows, columns=columns)) == "Risk,Rule\r\nHigh,HIGH\r\n"
    sheet = write_workbook(make_table(rows, columns=columns))["1"]
    assert [cell.value for cell in sheet[2]] == ["High", "HIGH"]
    assert write_json_object(make_table(rows, columns=columns))["rows"] == [
        {"risk": "HIGH", "rule": "HIGH"}
    ]


def test_a_file_that_cannot_be_written_is_closed() -> None:
    opened = []

    def fail(_table: ExportTable, file: Any) -> None:
        opened.append(file)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        writers.write_to_temporary_file(make_table([]), fail)
    assert opened[0].closed
