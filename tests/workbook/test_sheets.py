"""The faithful layer: every sheet and every cell as they stand in the file."""

import datetime as dt
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from dashboard.workbook.stored import CHUNK
from tests import files
from tests.workbook.reader import cells, read

DAY = dt.datetime(2026, 11, 20, 9, 14)  # noqa: DTZ001  a spreadsheet knows no zone
MIXED = [("text", 1, 2.5, True, DAY, None, "end"), (), (None, "x")]


@pytest.mark.parametrize("write", [files.xls, files.xlsx])
def test_every_cell_keeps_its_value_and_its_kind(write: object, tmp_path: Path) -> None:
    assert callable(write)
    with read(write({"甲": MIXED}), tmp_path) as reading:
        assert cells(reading) == [
            ["text", 1, 2.5, True, {"d": "2026-11-20T09:14:00"}, None, "end"],
            [None] * 7,
            [None, "x", *[None] * 5],
        ]


def test_sheets_and_columns_that_nobody_knows_are_kept_and_noted(tmp_path: Path) -> None:
    with read(files.xls(files.strange()), tmp_path) as reading:
        assert [sheet.name for sheet in reading.contents.sheets][-1] == "附录"
        assert cells(reading, 5) == [["甲", "乙"], ["一", 2], [None, "丙"]]
        assert [row[8] for row in cells(reading, 2)] == ["成本中心", "CC-0", "CC-1", "CC-2"]
        assert [note.code for note in reading.contents.notes] == ["sheet_unrecognised"]


@pytest.mark.parametrize("write", [files.xls, files.xlsx])
def test_a_hidden_sheet_is_kept_and_marked(write: object, tmp_path: Path) -> None:
    assert callable(write)
    with read(write(files.report(files.F1), hidden=["合规资源"]), tmp_path) as reading:
        assert [sheet.name for sheet in reading.contents.sheets if sheet.hidden] == ["合规资源"]
        assert reading.contents.rows == 12


def test_dates_follow_the_books_own_mode(tmp_path: Path) -> None:
    with read(files.xls({"甲": [(DAY,)]}, date_1904=False), tmp_path) as reading:
        since_1900 = cells(reading)
    content = files.xls({"甲": [(DAY,)]}, date_1904=True)
    with read(content, tmp_path) as reading:
        assert cells(reading) == since_1900 == [[{"d": "2026-11-20T09:14:00"}]]


def test_formulas_errors_and_booleans_of_xls_are_shown_as_values(tmp_path: Path) -> None:
    import xlwt

    with read(files.xls({"甲": [(xlwt.Formula("1/0"), True, False, "a")]}), tmp_path) as reading:
        assert cells(reading)[0][1:] == [True, False, "a"]


def test_a_wrong_dimension_drops_no_row(tmp_path: Path) -> None:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(files.xlsx(files.rows(50)))) as source,
        zipfile.ZipFile(content, "w") as copy,
    ):
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/"):
                assert b'<dimension ref="A1:I51"' in part
                part = part.replace(b'<dimension ref="A1:I51"', b'<dimension ref="A1:B2"')
            copy.writestr(name, part)
    with read(content.getvalue(), tmp_path) as reading:
        assert (reading.contents.sheets[0].rows, reading.contents.sheets[0].columns) == (51, 9)
        assert reading.contents.rows == 50


def test_inline_and_shared_strings_read_alike(tmp_path: Path) -> None:
    sheets = files.report(files.F1)
    book = openpyxl.Workbook(write_only=True)
    for name, listed in sheets.items():
        sheet = book.create_sheet(name)
        for row in listed:
            sheet.append(list(row))
    inline = io.BytesIO()
    book.save(inline)
    with read(inline.getvalue(), tmp_path) as reading:
        found = [cells(reading, sheet) for sheet in range(5)]
    with read(files.xlsx(sheets), tmp_path) as reading:
        assert [cells(reading, sheet) for sheet in range(5)] == found


def test_any_page_of_a_sheet_is_the_same_rows_as_reading_it_whole(tmp_path: Path) -> None:
    with read(files.csv(files.rows(2 * CHUNK + 10)["评估结果"]), tmp_path) as reading:
        whole = cells(reading)
        for start, stop in (
            (0, 1),
            (CHUNK - 1, CHUNK + 1),
            (2 * CHUNK, 2 * CHUNK + 99),
            (9999, 10_099),
            (-5, 3),
        ):
            assert reading.rows(0, start, stop) == whole[max(start, 0) : stop]


def test_rows_that_hold_nothing_at_the_end_are_not_rows(tmp_path: Path) -> None:
    with read(files.csv([("a", "b"), ("1", "2"), ("", ""), ("", "")]), tmp_path) as reading:
        assert reading.contents.sheets[0].rows == 2


def test_html_cells_that_span_keep_the_columns_in_line(tmp_path: Path) -> None:
    page = (
        "<table><tr><td rowspan=2>规则ID<td colspan=2>资源</tr><tr><td>资源ID<td>资源名称</tr>"
        "<tr><td>cr-1<td>i-1<td>web<br>server</tr></table>"
    )
    with read(page.encode(), tmp_path) as reading:
        assert cells(reading) == [
            ["规则ID", "资源", None],
            [None, "资源ID", "资源名称"],
            ["cr-1", "i-1", "web\nserver"],
        ]


def test_spreadsheetml_places_its_cells_by_index(tmp_path: Path) -> None:
    content = files.spreadsheetml({"甲": [("a", "b"), ("c", 4)]})
    content = content.replace(
        b'<Row><Cell><Data ss:Type="String">c', b'<Row ss:Index="4"><Cell ss:Index="2"><Data>c'
    )
    with read(content, tmp_path) as reading:
        assert cells(reading) == [["a", "b", None], [None] * 3, [None] * 3, [None, "c", 4]]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    content = files.group()
    read(content, tmp_path).close()
    first = (tmp_path / "stored").read_bytes()
    read(content, tmp_path).close()
    assert (tmp_path / "stored").read_bytes() == first
