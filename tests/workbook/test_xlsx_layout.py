"""Dates, merged cells and hidden parts of .xlsx files."""

import io
from pathlib import Path

import pytest

from dashboard.workbook import Cell
from dashboard.workbook.number_formats import is_date_format, is_duration_format
from dashboard.workbook.xlsx_layout import read_layout
from tests.sample_files import build_zip
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.xlsx_files import (
    ROWS_PART,
    SIX_ROWS,
    STYLES_PART,
    WORKBOOK_PART,
    assert_six_evaluations,
    build_file,
    build_parts,
    build_rows_sheet,
    build_styles,
    list_remarks,
    replace_once,
)

HIDDEN = [("hidden_parts", 1, "3, 5", {"rows": 2, "columns": 1})]


@pytest.mark.parametrize("number_format", [14, 22, 27, 31, 36, 50, 58, 71])
def test_built_in_formats_of_all_languages_show_dates(number_format: int, tmp_path: Path) -> None:
    rows = [SIX_ROWS[0], *((*row[:7], 46298.5) for row in SIX_ROWS[1:])]
    parts = build_parts(rows, time_format=number_format)
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert stored.contents.evaluated_from == "2026-10-03T12:00:00"
        assert read_cells(stored, 1)[1][7] == {"d": "2026-10-03T12:00:00"}


@pytest.mark.parametrize(
    ("text", "is_date", "is_duration"),
    [
        ('yyyy"年"m"月"d"日"', True, False),
        ("[$-804]aaaa;@", True, False),
        ('[$-F400]上午/下午h"时"mm"分"', True, False),
        ("h:mm AM/PM", True, False),
        ('[=0]"";yyyy-mm-dd', True, False),
        ('"a;b"yyyy', True, False),
        ("[h]:mm:ss", True, True),
        ("[mm]:ss.0", True, True),
        ("General", False, False),
        ('0.00 "days"', False, False),
        (r"0\d", False, False),
        ("[Red]0;[Yellow]-0", False, False),
        ("[$USD-409] #,##0.00", False, False),
        ("@", False, False),
        ("", False, False),
    ],
)
def test_a_format_shows_dates_by_its_letters(text: str, is_date: bool, is_duration: bool) -> None:
    assert (is_date_format(text), is_duration_format(text)) == (is_date, is_duration)


@pytest.mark.parametrize(
    ("text", "properties", "value", "cell"),
    [
        ('yyyy"年"m"月"d"日"', "", 46298.5, {"d": "2026-10-03T12:00:00"}),
        ("yyyy-mm-dd", 'date1904="1"', 44836.5, {"d": "2026-10-03T12:00:00"}),
        ("[h]:mm", "", 1.5, "1 day, 12:00:00"),
        ("h:mm", "", 0.5, "12:00:00"),
        ("yyyy-mm-dd", "", 99999999, 99999999),
        ("yyyy-mm-dd", "", -1, -1),
        ("0.00", "", 46298.5, 46298.5),
    ],
)
def test_a_number_is_a_date_by_its_format(
    text: str, properties: str, value: float, cell: Cell, tmp_path: Path
) -> None:
    parts = build_parts() | {STYLES_PART: build_styles(200, text)}
    replace_once(parts, WORKBOOK_PART, "<workbookPr ", f"<workbookPr {properties}")
    parts[ROWS_PART] = build_rows_sheet(f'<row r="1"><c r="A1" s="1"><v>{value}</v></c></row>')
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert read_cells(stored, 1) == [[cell]]


def test_a_merged_value_holds_for_every_row_that_it_covers(tmp_path: Path) -> None:
    rows = [*SIX_ROWS[:2], *((None, None, *row[2:]) for row in SIX_ROWS[2:4]), *SIX_ROWS[4:]]
    parts = build_parts(rows)
    merges = '<mergeCells><mergeCell ref="A2:A4"/><mergeCell ref="$B$4:B2"/></mergeCells>'
    replace_once(parts, ROWS_PART, "</sheetData>", f"</sheetData>{merges}")
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert read_cells(stored, 1)[2][:3] == [None, None, "高风险"]
        assert list_remarks(stored) == []


def test_a_merged_cell_whose_rows_and_columns_have_the_same_numbers_is_found() -> None:
    part = b'<worksheet><mergeCells><mergeCell ref="B2:D4"/></mergeCells></worksheet>'
    assert read_layout(io.BytesIO(part), None).merged_ranges == [(1, 3, 1, 3)]


@pytest.mark.parametrize("reference", ["A1:XFD1048576", "A2:A", "x", "", "A0:A9", "A2:A9999999"])
def test_a_huge_or_invalid_merged_cell_spoils_nothing(reference: str, tmp_path: Path) -> None:
    parts = build_parts()
    merge = f'</sheetData><mergeCells><mergeCell ref="{reference}"/></mergeCells>'
    replace_once(parts, ROWS_PART, "</sheetData>", merge)
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)


def test_merged_cells_of_a_sheet_in_utf_16_are_found(tmp_path: Path) -> None:
    rows = [*SIX_ROWS[:2], *((None, *row[1:]) for row in SIX_ROWS[2:4]), *SIX_ROWS[4:]]
    parts = build_parts(rows)
    merge = '</sheetData><mergeCells><mergeCell ref="A2:A4"/></mergeCells>'
    replace_once(parts, ROWS_PART, "</sheetData>", merge)
    content = {name: part.encode() for name, part in parts.items()}
    content[ROWS_PART] = parts[ROWS_PART].encode("utf-16")
    with read_bytes(build_zip(content), tmp_path) as stored:
        assert_six_evaluations(stored)


@pytest.mark.parametrize("hidden_row", ['hidden="1"', 'hidden="true"', 'ht="0" customHeight="1"'])
@pytest.mark.parametrize("hidden_column", ['hidden="1"', 'width="0"'])
def test_hidden_rows_and_columns_are_remarked(
    hidden_row: str, hidden_column: str, tmp_path: Path
) -> None:
    parts = build_parts()
    for number in (3, 5):
        replace_once(parts, ROWS_PART, f'<row r="{number}"', f'<row r="{number}" {hidden_row}')
    columns = f'<col min="7" max="7" {hidden_column}/><col min="9" max="16384" hidden="1"/>'
    replace_once(parts, ROWS_PART, "<sheetData>", f"<cols>{columns}</cols><sheetData>")
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert list_remarks(stored) == HIDDEN


def test_only_hidden_columns_are_remarked_without_rows(tmp_path: Path) -> None:
    parts = build_parts()
    columns = '<cols><col min="1" max="2" hidden="1"/></cols><sheetData>'
    replace_once(parts, ROWS_PART, "<sheetData>", columns)
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert list_remarks(stored) == [("hidden_parts", 1, "", {"rows": 0, "columns": 2})]
