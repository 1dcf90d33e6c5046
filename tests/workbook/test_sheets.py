"""The faithful layer: every sheet and every cell as they stand in the file."""

import datetime as dt
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from dashboard.workbook.stored_form import CHUNK_ROWS
from tests import sample_files
from tests.workbook.in_process import read_bytes, read_cells

DAY = dt.datetime(2026, 11, 20, 9, 14)  # noqa: DTZ001  a spreadsheet knows no zone
MIXED = [("text", 1, 2.5, True, DAY, None, "end"), (), (None, "x")]


@pytest.mark.parametrize("write", [sample_files.build_xls, sample_files.build_xlsx])
def test_every_cell_keeps_its_value_and_its_kind(write: object, tmp_path: Path) -> None:
    assert callable(write)
    with read_bytes(write({"甲": MIXED}), tmp_path) as stored:
        assert read_cells(stored) == [
            ["text", 1, 2.5, True, {"d": "2026-11-20T09:14:00"}, None, "end"],
            [None] * 7,
            [None, "x", *[None] * 5],
        ]


def test_sheets_and_columns_that_nobody_knows_are_kept_and_noted(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_xls(sample_files.build_unknown_parts()), tmp_path) as stored:
        assert [sheet.name for sheet in stored.contents.sheets][-1] == "附录"
        assert read_cells(stored, 5) == [["甲", "乙"], ["一", 2], [None, "丙"]]
        assert [row[8] for row in read_cells(stored, 2)] == ["成本中心", "CC-0", "CC-1", "CC-2"]
        assert [remark.code for remark in stored.contents.remarks] == ["sheet_unrecognised"]


@pytest.mark.parametrize("write", [sample_files.build_xls, sample_files.build_xlsx])
def test_a_hidden_sheet_is_kept_and_marked(write: object, tmp_path: Path) -> None:
    assert callable(write)
    with read_bytes(
        write(sample_files.build_report_sheets(sample_files.SOME_FAILING), hidden=["合规资源"]),
        tmp_path,
    ) as stored:
        assert [sheet.name for sheet in stored.contents.sheets if sheet.hidden] == ["合规资源"]
        assert stored.contents.rows == 12
        assert [remark.code for remark in stored.contents.remarks] == ["sheet_hidden"]


def test_dates_follow_the_books_own_mode(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_xls({"甲": [(DAY,)]}, date_1904=False), tmp_path) as stored:
        since_1900 = read_cells(stored)
    content = sample_files.build_xls({"甲": [(DAY,)]}, date_1904=True)
    with read_bytes(content, tmp_path) as stored:
        assert read_cells(stored) == since_1900 == [[{"d": "2026-11-20T09:14:00"}]]


def test_formulas_errors_and_booleans_of_xls_are_shown_as_values(tmp_path: Path) -> None:
    import xlwt

    with read_bytes(
        sample_files.build_xls({"甲": [(xlwt.Formula("1/0"), True, False, "a")]}), tmp_path
    ) as stored:
        assert read_cells(stored)[0][1:] == [True, False, "a"]


def test_a_wrong_dimension_drops_no_row(tmp_path: Path) -> None:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(
            io.BytesIO(sample_files.build_xlsx(sample_files.build_status_sheet(50)))
        ) as source,
        zipfile.ZipFile(content, "w") as copy,
    ):
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/"):
                assert b'<dimension ref="A1:I51"' in part
                part = part.replace(b'<dimension ref="A1:I51"', b'<dimension ref="A1:B2"')
            copy.writestr(name, part)
    with read_bytes(content.getvalue(), tmp_path) as stored:
        assert (stored.contents.sheets[0].rows, stored.contents.sheets[0].columns) == (51, 9)
        assert stored.contents.rows == 50


def test_inline_and_shared_strings_read_alike(tmp_path: Path) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    inline = io.BytesIO()
    book.save(inline)
    with read_bytes(inline.getvalue(), tmp_path) as stored:
        inline_cells = [read_cells(stored, sheet) for sheet in range(5)]
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert [read_cells(stored, sheet) for sheet in range(5)] == inline_cells


def test_any_page_of_a_sheet_is_the_same_rows_as_reading_it_whole(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_csv(sample_files.build_status_sheet(2 * CHUNK_ROWS + 10)["评估结果"]),
        tmp_path,
    ) as stored:
        whole = read_cells(stored)
        for start, stop in (
            (0, 1),
            (CHUNK_ROWS - 1, CHUNK_ROWS + 1),
            (2 * CHUNK_ROWS, 2 * CHUNK_ROWS + 99),
            (9999, 10_099),
            (-5, 3),
        ):
            assert stored.read_rows(0, start, stop) == whole[max(start, 0) : stop]


def test_rows_that_hold_nothing_at_the_end_are_not_rows(tmp_path: Path) -> None:
    with read_bytes(
        sample_files.build_csv([("a", "b"), ("1", "2"), ("", ""), ("", "")]), tmp_path
    ) as stored:
        assert stored.contents.sheets[0].rows == 2


def test_html_cells_that_span_keep_the_columns_in_line(tmp_path: Path) -> None:
    page = (
        "<table><tr><td rowspan=2>规则ID<td colspan=2>资源</tr><tr><td>资源ID<td>资源名称</tr>"
        "<tr><td>cr-1<td>i-1<td>web<br>server</tr></table>"
    )
    with read_bytes(page.encode(), tmp_path) as stored:
        assert read_cells(stored) == [
            ["规则ID", "资源", None],
            [None, "资源ID", "资源名称"],
            ["cr-1", "i-1", "web\nserver"],
        ]


def test_spreadsheetml_places_its_cells_by_index(tmp_path: Path) -> None:
    content = sample_files.build_spreadsheetml({"甲": [("a", "b"), ("c", 4)]})
    content = content.replace(
        b'<Row><Cell><Data ss:Type="String">c', b'<Row ss:Index="4"><Cell ss:Index="2"><Data>c'
    )
    with read_bytes(content, tmp_path) as stored:
        assert read_cells(stored) == [["a", "b", None], [None] * 3, [None] * 3, [None, "c", 4]]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    content = sample_files.build_account_group_zip()
    read_bytes(content, tmp_path).close()
    first = (tmp_path / "stored").read_bytes()
    read_bytes(content, tmp_path).close()
    assert (tmp_path / "stored").read_bytes() == first
