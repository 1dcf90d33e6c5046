"""Web pages under a false name: what stands in their tables is read, and what is cut is said."""

import html
from collections.abc import Sequence
from pathlib import Path

import pytest

from dashboard.workbook import WorkbookError
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.six_evaluations import (
    HEADER,
    ROWS,
    SHEET_NAME,
    TABLE,
    check_six_evaluations,
    list_remarks,
)

CAPTION = f"<caption>{SHEET_NAME}</caption>"


def make_rows(table: Sequence[Sequence[str]]) -> str:
    """Return the rows of a table; cells that begin with `<` are markup already."""
    return "".join(
        "<tr>" + "".join(cell if cell[:3] == "<td" else _make_cell(cell) for cell in row) + "</tr>"
        for row in table
    )


def _make_cell(text: str) -> str:
    return f"<td>{html.escape(text)}</td>"


def make_page(table: str, head: str = "", encoding: str = "utf-8") -> bytes:
    page = f"<html><head><meta charset={encoding}>{head}</head><body>{table}</body></html>"
    return page.encode(encoding)


WHOLE_TABLE = f"<table>{CAPTION}{make_rows(TABLE)}</table>"


def test_a_page_that_is_not_closed_is_read_with_a_remark(tmp_path: Path) -> None:
    content = make_page(WHOLE_TABLE).removesuffix(b"</body></html>")
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)
        assert list_remarks(stored) == [("page_not_closed", "")]


@pytest.mark.parametrize(
    "lost", ["</table>", "</td></tr></table>", "01 09:05:00</td></tr></table>"]
)
def test_a_page_that_ends_within_its_table_says_what_is_missing(lost: str, tmp_path: Path) -> None:
    page = make_page(WHOLE_TABLE).decode()
    content = page[: page.index(lost, page.rindex("<td>") if lost[0] != "0" else 0)].encode()
    with read_bytes(content, tmp_path) as stored:
        is_row_whole = lost == "</table>"
        assert stored.contents.rows == (6 if is_row_whole else 5)
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.rows) == ("page_cut", "7" if is_row_whole else "6")
        assert remark.is_uncounted


def test_a_table_inside_a_cell_is_text_of_the_cell(tmp_path: Path) -> None:
    nested = "<td><table><tr><td>port</td><td>22</td></tr></table></td>"
    table = [HEADER, (*ROWS[0][:9], nested, ROWS[0][10]), *ROWS[1:]]
    content = make_page(f"<table>{CAPTION}{make_rows(table)}</table>")
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)
        assert [sheet.name for sheet in stored.contents.sheets] == [SHEET_NAME]
        assert read_cells(stored)[1][9] == "port 22"


def test_a_table_that_only_arranges_others_is_no_sheet(tmp_path: Path) -> None:
    other = "<table><caption>附录</caption><tr><td>a</td><td>b</td></tr></table>"
    layout = f"<table><tr><td>Menu</td><td>{WHOLE_TABLE}</td></tr><tr><td>{other}</td></tr></table>"
    with read_bytes(make_page(layout), tmp_path) as stored:
        check_six_evaluations(stored)
        assert [sheet.name for sheet in stored.contents.sheets] == [SHEET_NAME, "附录"]


def test_a_cell_holds_for_all_rows_that_it_spans(tmp_path: Path) -> None:
    merged = [f"<td rowspan={rows}>{cell}</td>" for rows in ("3",) for cell in ROWS[0][:3]]
    table = [HEADER, (*merged, *ROWS[0][3:]), *(row[3:] for row in ROWS[1:3]), *ROWS[3:]]
    with read_bytes(make_page(f"<table>{CAPTION}{make_rows(table)}</table>"), tmp_path) as stored:
        check_six_evaluations(stored)


@pytest.mark.parametrize("is_comment", [True, False])
def test_excel_s_own_name_of_the_sheet_counts(is_comment: bool, tmp_path: Path) -> None:
    description = (
        "<xml><x:ExcelWorkbook><x:ExcelWorksheets><x:ExcelWorksheet>"
        f"<x:Name>{SHEET_NAME}</x:Name></x:ExcelWorksheet></x:ExcelWorksheets></x:ExcelWorkbook>"
        "</xml>"
    )
    head = f"<!--[if gte mso 9]>{description}<![endif]-->" if is_comment else description
    table = [(*row[:8], row[10]) for row in TABLE]
    content = make_page(f"<h1>Report</h1><table>{make_rows(table)}</table>", head)
    with read_bytes(content, tmp_path) as stored:
        assert stored.contents.sheets[0].name == SHEET_NAME
        assert stored.contents.rows == 6


def test_hidden_rows_columns_and_tables_are_remarked(tmp_path: Path) -> None:
    rows = make_rows(TABLE).replace("<tr>", '<tr style="mso-height:0; display:none">', 3)
    rows = rows.replace('<tr style="mso-height:0; display:none">', "<tr>", 1)
    columns = "<col><col style='display: none'>"
    second = "<table style='display:none'><tr><td>x</td></tr></table>"
    content = make_page(f"<table>{CAPTION}{columns}{rows}</table>{second}")
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)
        (remark,) = [item for item in stored.contents.remarks if item.sheet == 0]
        assert (remark.code, remark.facts) == ("hidden_parts", {"rows": 2, "columns": 1})
        assert [sheet.hidden for sheet in stored.contents.sheets] == [False, True]


def test_scripts_styles_and_comments_are_no_text_and_blocks_are_lines(tmp_path: Path) -> None:
    cell = (
        "<td>a<script>if (1 < 2) x('</table>')</script><style>b{}</style><!-- </table> -->"
        "<p>b\nc</p><div>d<br>e</div></td>"
    )
    content = make_page(f"<table>{make_rows([('1', cell), ('2', '3')])}</table>")
    with read_bytes(content, tmp_path) as stored:
        assert read_cells(stored) == [["1", "a\nb c\nd\ne"], ["2", "3"]]


def test_head_and_foot_stand_where_browsers_show_them(tmp_path: Path) -> None:
    table = (
        f"<tfoot>{make_rows([('foot', '3')])}</tfoot><tbody>{make_rows([('body', '2')])}</tbody>"
        f"<thead>{make_rows([('head', '1')])}</thead>"
    )
    with read_bytes(make_page(f"<table>{table}</table>"), tmp_path) as stored:
        assert [row[0] for row in read_cells(stored)] == ["head", "body", "foot"]


@pytest.mark.parametrize("declared", ["gb2312", "utf-8", "iso-8859-1", "no-such-charset"])
def test_a_wrong_charset_does_not_count(declared: str, tmp_path: Path) -> None:
    content = make_page(WHOLE_TABLE, encoding="gb18030").replace(b"gb18030", declared.encode())
    with read_bytes(content, tmp_path) as stored:
        check_six_evaluations(stored)


def test_elements_nested_deeply_and_wide_spans_end_in_time(tmp_path: Path) -> None:
    deep = "<td>" + "<div>" * 1_500 + "x" + "</div>" * 1_500 + "</td>"
    content = make_page(f"<table>{make_rows([('a', deep), ('b', 'c')])}</table>")
    with read_bytes(content, tmp_path) as stored:
        assert read_cells(stored)[0] == ["a", "x"]
    wide = "<table><tr>" + "<td colspan=1000 rowspan=1000>x" * 500 + "</table>"
    with pytest.raises(WorkbookError):
        read_bytes(make_page(wide), tmp_path)


def test_sheets_that_excel_names_and_the_page_does_not_hold_are_named(tmp_path: Path) -> None:
    names = (SHEET_NAME, "合规资源", "排除资源")
    head = "".join(
        f"<x:ExcelWorksheet><x:Name>{name}</x:Name></x:ExcelWorksheet>" for name in names
    )
    with read_bytes(make_page(WHOLE_TABLE, f"<!--{head}-->"), tmp_path) as stored:
        check_six_evaluations(stored)
        assert [(sheet.name, sheet.is_read) for sheet in stored.contents.sheets] == [
            (SHEET_NAME, True),
            ("合规资源", False),
            ("排除资源", False),
        ]
        assert list_remarks(stored) == [("sheet_missing", ""), ("sheet_missing", "")]
        assert "COMPLIANT" in stored.contents.lists  # of the status column, not of the sheet


def test_tables_that_no_browser_shows_are_no_sheets(tmp_path: Path) -> None:
    hidden = f"<template>{WHOLE_TABLE}</template><noscript>{WHOLE_TABLE}</noscript>"
    with read_bytes(make_page(hidden + WHOLE_TABLE), tmp_path) as stored:
        check_six_evaluations(stored)
        assert (len(stored.contents.sheets), list_remarks(stored)) == (1, [])


def test_a_column_whose_cells_are_hidden_one_by_one_is_remarked(tmp_path: Path) -> None:
    rows = make_rows(TABLE).replace("<td>原因", "<td style='display:none'>原因")
    with read_bytes(make_page(f"<table>{CAPTION}{rows}</table>"), tmp_path) as stored:
        check_six_evaluations(stored)
        (remark,) = stored.contents.remarks
        assert (remark.code, remark.facts) == ("hidden_parts", {"rows": 0, "columns": 1})


@pytest.mark.parametrize(
    "addition",
    ["<!-- " * 100_000, "<x:ExcelWorksheet> " * 100_000, "<style " * 100_000, "<b>x" * 100_000],
)
def test_a_page_with_many_parts_that_are_never_closed_is_read_at_once(
    addition: str, tmp_path: Path
) -> None:
    page = make_page(WHOLE_TABLE + addition)
    with read_bytes(page, tmp_path) as stored:
        check_six_evaluations(stored)


def test_tables_have_the_name_of_the_last_heading_before_them(tmp_path: Path) -> None:
    table = "<table><tr><td>a</td><td>b</td></tr></table>"
    page = make_page(f"{table}<h2>First</h2>{table}<h3>Second</h3><p>text</p>{table * 1_000}")
    with read_bytes(page, tmp_path) as stored:
        names = [sheet.name for sheet in stored.contents.sheets]
    assert (names[:3], names[-1], len(names)) == (["", "First", "Second"], "Second", 1_002)


def test_tables_nested_deeply_are_read_at_once(tmp_path: Path) -> None:
    page = make_page("<table><tr><td>x" * 1_000 + "</td></tr></table>" * 1_000)
    with read_bytes(page, tmp_path) as stored:
        assert len(stored.contents.sheets) == 1
