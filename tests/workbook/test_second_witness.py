"""All that independent readers find in .xls and .xlsx files is read here too.

python-calamine witnesses sheets, values and merged ranges; xlrd (.xls) and openpyxl (.xlsx) the
merged ranges and the texts once more.

They are witnesses and not judges. python-calamine gives error cells as empty, and every number as a
double, of which it keeps 15 to 17 digits: cells that it gives as empty are not compared, and
numbers are compared as doubles.
"""

import datetime as dt
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlrd
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from dashboard.sandbox import report_files
from dashboard.sandbox.accounts import build_demo_packs
from dashboard.sandbox.pack_state import build_first_state
from dashboard.workbook import Cell, xls, xlsx
from dashboard.workbook.remarks import RemarkCollector
from tests import sample_files
from tests.workbook.in_process import read_bytes, read_cells

MERGED_AREA = ((1, 0), (2, 2))
DAY = dt.datetime(2026, 11, 20, 9, 14)  # noqa: DTZ001  a spreadsheet knows no zone
CREATED_AT = dt.datetime(2026, 11, 20, 1, 14, tzinfo=dt.UTC)
CELLS_OF_EVERY_KIND = [
    ("text", 1, 2.5, True, DAY, None, "end", " spaces ", "a\nb", "文字"),
    (),
    (None, 123456789012345678, dt.date(2026, 1, 2), dt.time(3, 4), False, -0.1, 1e300, 0),
]
SANDBOX_PACKS = [pack for pack in build_demo_packs(2000) if pack.file_format in ("xls", "xlsx")]
FILES: dict[str, sample_files.SheetsByName] = {
    "report": sample_files.build_report_sheets(sample_files.SOME_FAILING),
    "English report": sample_files.build_report_sheets(sample_files.SOME_CHANGED, "en"),
    "report without failures": sample_files.build_report_sheets(sample_files.ALL_COMPLIANT),
    "rows": sample_files.build_status_sheet(700),
    "unknown sheets and columns": sample_files.build_unknown_parts(),
    "formulas, scripts and emoji": sample_files.build_risky_texts(),
    "cells of every kind": {"甲": CELLS_OF_EVERY_KIND, "空": [], "乙": [("",), (None, "b")]},
}


def assert_witness_agrees(content: bytes, folder: Path) -> None:
    """Fail if python-calamine sees a sheet, a value or a merged range that is not read here."""
    witness = CalamineWorkbook.from_object(io.BytesIO(content))
    with read_bytes(content, folder) as stored:
        sheets = stored.contents.sheets
        assert [(sheet.name, sheet.hidden) for sheet in sheets] == [
            (sheet.name, sheet.visible != SheetVisibleEnum.Visible)
            for sheet in witness.sheets_metadata
        ]
        for number, name in enumerate(witness.sheet_names):
            witness_sheet = witness.get_sheet_by_name(name)
            rows = read_cells(stored, number)
            for row, values in enumerate(witness_sheet.to_python(skip_empty_area=False)):
                for column, value in enumerate(values):
                    if value != "":
                        cell = rows[row][column]
                        assert is_same_value(cell, value), (name, row, column, cell, value)
            for merged_range in witness_sheet.merged_cell_ranges or []:
                assert_only_first_cell_is_filled(rows, *merged_range)


def list_own_merged_ranges(content: bytes, folder: Path) -> list[set[tuple[int, ...]]]:
    """Return the merged ranges of each sheet as this reader finds them."""
    path = folder / "witnessed"
    path.write_bytes(content)
    reader = xlsx if content.startswith(b"PK") else xls
    sheets = reader.read_sheets(path, RemarkCollector())
    return [{tuple(merged) for merged in sheet.list_merged_ranges()} for sheet in sheets]


def list_witnessed_sheets(content: bytes) -> list[tuple[set[tuple[int, ...]], list[list[Any]]]]:
    """Return the merged ranges and the values of each sheet as xlrd or openpyxl finds them."""
    if content.startswith(b"PK"):
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        return [
            (
                {
                    (area.min_row - 1, area.max_row - 1, area.min_col - 1, area.max_col - 1)
                    for area in sheet.merged_cells.ranges
                },
                [list(row) for row in sheet.iter_rows(values_only=True)],
            )
            for sheet in book.worksheets
        ]
    old_book = xlrd.open_workbook(file_contents=content, formatting_info=True)
    return [
        (
            {(top, bottom - 1, left, right - 1) for top, bottom, left, right in sheet.merged_cells},
            [list(sheet.row_values(row)) for row in range(sheet.nrows)],
        )
        for sheet in old_book.sheets()
    ]


def assert_other_witness_agrees(content: bytes, folder: Path) -> None:
    """Fail if xlrd or openpyxl sees a text or a merged range that is not read here."""
    witnessed_sheets = list_witnessed_sheets(content)
    own_ranges = list_own_merged_ranges(content, folder)
    assert own_ranges == [ranges for ranges, _rows in witnessed_sheets]
    with read_bytes(content, folder) as stored:
        for number, (_ranges, witnessed_rows) in enumerate(witnessed_sheets):
            rows = read_cells(stored, number)
            for row, values in enumerate(witnessed_rows):
                for column, value in enumerate(values):
                    if isinstance(value, str) and value:
                        assert rows[row][column] == value


def is_same_value(cell: Cell, value: object) -> bool:
    """Return whether a cell read here is the value that python-calamine gives."""
    match value:
        case bool() | str():
            return cell == value and type(cell) is type(value)
        case int() | float():
            return isinstance(cell, (int, float)) and math.isclose(cell, value, rel_tol=1e-14)
        case dt.datetime():
            return cell == {"d": value.isoformat()}
        case dt.date():
            return cell == {"d": f"{value.isoformat()}T00:00:00"}
        case dt.time():  # of .xls, xlrd gives a time of day as a time on day 0
            return cell in (str(value), {"d": f"1899-12-31T{value.isoformat()}"})
        case dt.timedelta():
            return cell == str(value)
    raise AssertionError(f"python-calamine gives a {type(value)}")


def assert_only_first_cell_is_filled(
    rows: list[list[Any]], first: tuple[int, int], last: tuple[int, int]
) -> None:
    """Fail unless a merged range keeps its place: its value in the first cell, the others empty."""
    merged_cells = [
        rows[row][column] if row < len(rows) and column < len(rows[row]) else None
        for row in range(first[0], last[0] + 1)
        for column in range(first[1], last[1] + 1)
    ]
    assert merged_cells[0] is not None
    assert set(merged_cells[1:]) <= {None}


@pytest.mark.parametrize("write", [sample_files.build_xls, sample_files.build_xlsx])
@pytest.mark.parametrize("name", FILES)
def test_every_fixture_is_read_as_the_witness_reads_it(
    name: str, write: Callable[[sample_files.SheetsByName], bytes], tmp_path: Path
) -> None:
    assert_witness_agrees(write(FILES[name]), tmp_path)
    assert_other_witness_agrees(write(FILES[name]), tmp_path)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("plan", SANDBOX_PACKS, ids=lambda plan: plan.id)
def test_every_report_of_the_sandbox_is_read_as_the_witness_reads_it(
    plan: Any, language: str, tmp_path: Path
) -> None:
    content = report_files.build_report_file(
        build_first_state(plan, 7), CREATED_AT, language=language
    )
    assert_witness_agrees(content, tmp_path)


def test_a_report_over_several_sheets_is_read_as_the_witness_reads_it(tmp_path: Path) -> None:
    state = build_first_state(SANDBOX_PACKS[0], 7)
    assert_witness_agrees(
        report_files.build_report_file(state, CREATED_AT, sheet_rows=50), tmp_path
    )


@pytest.mark.parametrize("write", [sample_files.build_xls, sample_files.build_xlsx])
def test_hidden_sheets_are_those_that_the_witness_sees(write: Any, tmp_path: Path) -> None:
    assert_witness_agrees(
        write(sample_files.build_report_sheets(sample_files.SOME_FAILING), hidden=["合规资源"]),
        tmp_path,
    )


def write_merged_xls() -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("甲")
    (first_row, first_column), (last_row, last_column) = MERGED_AREA
    sheet.write_merge(first_row, last_row, first_column, last_column, "merged")
    sheet.write(3, 1, "below")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def write_merged_xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A2"] = "merged"
    sheet["B4"] = "below"
    sheet.merge_cells("A2:C3")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("write", [write_merged_xls, write_merged_xlsx])
def test_merged_ranges_keep_their_place(write: Callable[[], bytes], tmp_path: Path) -> None:
    content = write()
    witness_sheet = CalamineWorkbook.from_object(io.BytesIO(content)).get_sheet_by_index(0)
    assert witness_sheet.merged_cell_ranges == [MERGED_AREA]
    assert_witness_agrees(content, tmp_path)
    assert_other_witness_agrees(content, tmp_path)


# Spreadsheets keep dates from 1900 on, and seconds; XML keeps no control characters.
VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.integers(-(10**12), 10**12),
    st.floats(-1e15, 1e15, allow_subnormal=False),
    st.booleans(),
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0)
    ),
)


@pytest.mark.parametrize("write", [sample_files.build_xls, sample_files.build_xlsx])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(VALUES, max_size=8), max_size=12))
def test_generated_sheets_are_read_as_the_witness_reads_them(
    write: Callable[[sample_files.SheetsByName], bytes], rows: list[list[Any]], tmp_path: Path
) -> None:
    assert_witness_agrees(write({"甲": rows}), tmp_path)
