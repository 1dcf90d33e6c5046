"""The cells of .xlsx files: an odd cell costs itself and a remark, never another cell's text."""

from pathlib import Path
from typing import Any

import pytest

from dashboard.workbook import Cell
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.xlsx_files import (
    ROWS_PART,
    SIX_ROWS,
    STRINGS_PART,
    assert_six_evaluations,
    build_file,
    build_parts,
    build_rows_sheet,
    list_remarks,
    replace_once,
)

ID_CELL = '<c r="E3" t="s"><v>24</v></c>'  # of sg-2
NAME_CELL = '<c r="F3" t="s"><v>25</v></c>'


def read_cell(element: str, folder: Path) -> tuple[Cell, list[Any]]:
    """Return the cell of a `<c>` element with the reference A1, and the remarks on the file."""
    parts = build_parts()
    parts[ROWS_PART] = build_rows_sheet(f'<row r="1">{element}<c r="B1"><v>1</v></c></row>')
    with read_bytes(build_file(parts), folder) as stored:
        return read_cells(stored, 1)[0][0], list_remarks(stored)


@pytest.mark.parametrize("index", ["-1", "9999", "x", "1.5", "-9999"])
def test_a_cell_without_its_text_is_empty_and_remarked(index: str, tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, ROWS_PART, NAME_CELL, NAME_CELL.replace("25", index))
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert read_cells(stored, 1)[2][4:7] == ["sg-2", None, "22"]
        assert list_remarks(stored) == [("cells_unreadable", 1, "3", {"column": "F"})]


def test_cells_of_a_file_without_shared_strings_are_remarked(tmp_path: Path) -> None:
    parts = build_parts()
    del parts[STRINGS_PART]
    with read_bytes(build_file(parts), tmp_path) as stored:
        codes = {(remark.code, remark.count) for remark in stored.contents.remarks}
        assert ("cells_unreadable", 7) in codes


@pytest.mark.parametrize(
    "element",
    [
        '<c r="A1" t="s"><v></v></c>',
        '<c r="A1" t="s"><v/></c>',
        '<c r="A1" t="s"><v> </v></c>',
        '<c r="A1" t="b"><v></v></c>',
        '<c r="A1" t="e"><v></v></c>',
        '<c r="A1" t="d"><v></v></c>',
        '<c r="A1" t="str"><v></v></c>',
        '<c r="A1" t="inlineStr"><is/></c>',
        '<c r="A1"><v></v></c>',
        '<c r="A1"><v>  </v></c>',
        '<c r="A1"><f>A2</f></c>',
    ],
)
def test_an_empty_value_of_any_type_is_an_empty_cell(element: str, tmp_path: Path) -> None:
    cell, remarks = read_cell(element, tmp_path)
    assert cell is None
    assert [code for code, *_ in remarks] == []


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("<c><v>1,234</v></c>", "1,234"),
        ("<c><v>1_234</v></c>", "1_234"),
        ("<c><v>12 %</v></c>", "12 %"),
        ("<c><v>NaN</v></c>", "NaN"),
        ("<c><v>٣</v></c>", "٣"),
        ("<c><v>--5</v></c>", "--5"),
        ("<c><v>-5</v></c>", -5),
        ("<c><v> 5 </v></c>", 5),
        ("<c><v>1.5E3</v></c>", 1500),
        ("<c><v>.5</v></c>", 0.5),
        ("<c><v>1E999</v></c>", {"e": "#NUM!"}),
        (f"<c><v>{'9' * 5_000}</v></c>", "9" * 5_000),
        ('<c s="1"><v>abc</v></c>', "abc"),
        ('<c s="x"><v>7</v></c>', 7),
        ('<c s="99"><v>7</v></c>', 7),
        ('<c t="b"><v>1</v></c>', True),
        ('<c t="b"><v>TRUE</v></c>', True),
        ('<c t="b"><v>0</v></c>', False),
        ('<c t="b"><v>yes</v></c>', "yes"),
        ('<c t="e"><v>#N/A</v></c>', {"e": "#N/A"}),
        ('<c t="other"><v>text</v></c>', "text"),
        ('<c t="n"><is><t>text</t></is></c>', "text"),
        ('<c t="str"><f>A2</f><v>a_x000D_b</v></c>', "a\rb"),
        ('<c t="inlineStr"><v>sg-1</v></c>', "sg-1"),
        ('<c t="inlineStr"><is><t/></is><v>sg-1</v></c>', "sg-1"),
        ('<c t="inlineStr"><is><t>a</t></is><v>0</v></c>', "a"),
        (
            '<c t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r></is></c>',
            "a b",
        ),
        ('<c t="inlineStr"><is><t>東</t><rPh sb="0" eb="1"><t>ヒガシ</t></rPh></is></c>', "東"),
        ('<c t="inlineStr"><is><t>a<!-- x -->b<![CDATA[<c>]]></t></is></c>', "ab<c>"),
        ('<c t="inlineStr"><is><t>_x005F_x000D__xD83D__xDE00_</t></is></c>', "_x000D_😀"),
        ('<c t="inlineStr"><is><t>_xD83D_</t></is></c>', "\ufffd"),
        ('<c t="d"><v>2026-10-01T09:05:00</v></c>', {"d": "2026-10-01T09:05:00"}),
        ('<c t="d"><v>2026-10-01T09:05:00.000</v></c>', {"d": "2026-10-01T09:05:00"}),
        ('<c t="d"><v>2026-10-01</v></c>', {"d": "2026-10-01"}),
        ('<c t="d"><v>2026-10-01T09:05+08:00</v></c>', {"d": "2026-10-01T09:05:00+08:00"}),
        ('<c t="d"><v>2026-13-01T09:05:00</v></c>', "2026-13-01T09:05:00"),
        ('<c t="d"><v>2026-10-01T09:05:00 PM</v></c>', "2026-10-01T09:05:00 PM"),
        ('<c t="d"><v>09:05:00</v></c>', "09:05:00"),
    ],
)
def test_a_value_is_read_by_its_type_or_shown_as_text(
    element: str, value: Cell, tmp_path: Path
) -> None:
    cell, remarks = read_cell(element, tmp_path)
    assert (cell, type(cell), remarks) == (value, type(value), [])


def test_a_text_cell_without_a_value_leaves_its_row_whole(tmp_path: Path) -> None:
    parts = build_parts()
    replace_once(parts, ROWS_PART, NAME_CELL, '<c r="F3" t="s"><v></v></c>')
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert list_remarks(stored) == []


def test_a_number_with_a_comma_is_shown_as_it_stands(tmp_path: Path) -> None:
    parts = build_parts([SIX_ROWS[0], *((*row[:6], "1,234", row[7]) for row in SIX_ROWS[1:])])
    part = parts[ROWS_PART]
    parts[ROWS_PART] = part.replace('<c r="G3" t="s"><v>26</v></c>', '<c r="G3"><v>1,234</v></c>')
    assert parts[ROWS_PART] != part
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert_six_evaluations(stored)
        assert read_cells(stored, 1)[2][6] == "1,234"
        assert list_remarks(stored) == []


def change_row(old: str, new: str, folder: Path) -> tuple[list[list[Any]], list[Any]]:
    """Return the cells and remarks of the six evaluations' sheet after a change of its XML."""
    parts = build_parts()
    replace_once(parts, ROWS_PART, old, new)
    with read_bytes(build_file(parts), folder) as stored:
        assert_six_evaluations(stored)
        return read_cells(stored, 1), list_remarks(stored)


def test_cells_out_of_order_are_put_into_their_columns(tmp_path: Path) -> None:
    cells, remarks = change_row(ID_CELL + NAME_CELL, NAME_CELL + ID_CELL, tmp_path)
    assert cells[2][4:6] == ["sg-2", "b"]
    assert remarks == []


@pytest.mark.parametrize("reference", ["$E$3", "e3", "E"])
def test_a_reference_may_be_written_in_another_way(reference: str, tmp_path: Path) -> None:
    cells, remarks = change_row('r="E3"', f'r="{reference}"', tmp_path)
    assert cells[2][4:6] == ["sg-2", "b"]
    assert remarks == []


@pytest.mark.parametrize("reference", ["3", "R3C5", "XFE3", "AAAA3", "E3:F3", "文3"])
def test_a_cell_without_a_valid_reference_is_left_out_and_remarked(
    reference: str, tmp_path: Path
) -> None:
    cells, remarks = change_row('r="F3"', f'r="{reference}"', tmp_path)
    assert cells[2][4:7] == ["sg-2", None, "22"]
    assert remarks == [("cells_unplaced", 1, "3", {})]


def test_of_two_cells_in_one_place_the_first_is_kept_and_it_is_remarked(tmp_path: Path) -> None:
    cells, remarks = change_row('r="F3"', 'r="E3"', tmp_path)
    assert cells[2][4:7] == ["sg-2", None, "22"]
    assert remarks == [("cells_unplaced", 1, "3", {"column": "E"})]


def test_a_cell_that_names_another_row_is_remarked(tmp_path: Path) -> None:
    cells, remarks = change_row('r="F3"', 'r="F4"', tmp_path)
    assert cells[2][5] == "b"
    assert remarks == [("cells_misplaced", 1, "3", {})]


def test_cells_without_references_follow_each_other(tmp_path: Path) -> None:
    cells, remarks = change_row(
        ID_CELL + NAME_CELL, ID_CELL + NAME_CELL[:3] + NAME_CELL[10:], tmp_path
    )
    assert cells[2][4:6] == ["sg-2", "b"]
    assert remarks == []


def split_rows(parts: dict[str, str]) -> list[str]:
    """Return the `<row>` elements of the six evaluations' sheet."""
    data = parts[ROWS_PART].partition("<sheetData>")[2].partition("</sheetData>")[0]
    return [f"{row}</row>" for row in data.split("</row>")[:-1]]


def read_row_elements(rows: list[str], folder: Path) -> tuple[list[list[Any]], list[Any]]:
    """Return cells and remarks of a sheet with these `<row>` elements."""
    parts = build_parts() | {ROWS_PART: build_rows_sheet("".join(rows))}
    with read_bytes(build_file(parts), folder) as stored:
        assert_six_evaluations(stored)
        return read_cells(stored, 1), list_remarks(stored)


def test_rows_out_of_order_are_sorted_by_their_numbers(tmp_path: Path) -> None:
    rows = split_rows(build_parts())
    expected = read_row_elements(rows, tmp_path)
    assert read_row_elements(rows[::-1], tmp_path) == expected
    assert expected[1] == []


def test_odd_cells_of_unsorted_rows_are_remarked_with_their_rows(tmp_path: Path) -> None:
    rows = split_rows(build_parts())
    rows[2] = rows[2].replace(NAME_CELL, NAME_CELL.replace("25", "-1"))
    rows[5] = rows[5].replace('r="F6" t="s"><v>', 'r="F6" t="s"><v>-')
    _cells, remarks = read_row_elements(rows[::-1], tmp_path)
    assert remarks == [("cells_unreadable", 1, "3, 6", {"column": "F"})]


def test_rows_that_repeat_a_number_come_last_and_are_remarked(tmp_path: Path) -> None:
    rows = split_rows(build_parts())
    rows[4] = rows[4].replace('<row r="5"', '<row r="4"')
    cells, remarks = read_row_elements(rows, tmp_path)
    assert [row[4] for row in cells[1:]] == ["sg-1", "sg-2", "sg-3", None, "oss-2", "d-1", "oss-1"]
    assert ("rows_misnumbered", 1, "8", {}) in remarks


@pytest.mark.parametrize("number", ["x", "0", "-4", "1e9", "nan", "99999999999", ""])
def test_a_row_without_a_valid_number_is_where_its_cells_say(number: str, tmp_path: Path) -> None:
    rows = split_rows(build_parts())
    expected = read_row_elements(rows, tmp_path)
    rows[3] = rows[3].replace('<row r="4"', f'<row r="{number}"')
    assert read_row_elements(rows, tmp_path) == expected


@pytest.mark.parametrize("number", ["", ' r="4.0"'])
def test_a_row_may_have_no_number_or_one_with_decimals(number: str, tmp_path: Path) -> None:
    rows = split_rows(build_parts())
    expected = read_row_elements(rows, tmp_path)
    rows[3] = rows[3].replace(' r="4"', number)
    assert read_row_elements(rows, tmp_path) == expected


def test_a_row_without_any_valid_number_follows_and_is_remarked(tmp_path: Path) -> None:
    rows = split_rows(build_parts())
    for letter in "ABCDEFGH":
        rows[3] = rows[3].replace(f' r="{letter}4"', "")
    rows[3] = rows[3].replace('<row r="4"', '<row r="x"')
    cells, remarks = read_row_elements(rows, tmp_path)
    assert cells[3][4] == "sg-3"
    assert remarks == [("rows_misnumbered", 1, "4", {})]


def test_the_last_row_of_a_sheet_can_hold_a_cell(tmp_path: Path) -> None:
    parts = build_parts()
    last_row = '<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    replace_once(parts, ROWS_PART, "</sheetData>", last_row)
    with read_bytes(build_file(parts), tmp_path) as stored:
        assert stored.contents.sheets[1].rows == 1_048_576
        assert stored.contents.rows == 6
