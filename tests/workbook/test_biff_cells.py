"""The reader of .xls and xlrd read the same cells."""

import io
import struct
from typing import Any

import xlrd
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.workbook.biff_cells import read_cells
from dashboard.workbook.biff_workbook import BiffSheet, BiffWorkbook, Formats, read_workbook
from dashboard.workbook.cells import number_to_cell
from dashboard.workbook.ole_streams import read_stream

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.one_of(
    st.integers(-(2**31), 2**31),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 10**6).map(lambda n: n / 100),
)
CELLS = st.dictionaries(
    st.tuples(st.integers(0, 40), st.integers(0, 255)),
    st.one_of(TEXTS, NUMBERS, st.none()),
    max_size=40,
)


def write_xls(cells: dict[tuple[int, int], Any]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("1")
    for (row, column), value in cells.items():
        sheet.write(row, column, value)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def read_with_own_reader(content: bytes) -> list[list[Any]]:
    stream = read_stream(content, "Workbook")
    assert stream
    return read_stream_rows(stream)


def read_stream_rows(stream: bytes) -> list[list[Any]]:
    workbook = read_workbook(stream)
    return read_cells(workbook, workbook.sheets[0], lambda value, _: number_to_cell(value)).rows


def read_records(records: bytes, strings: list[str]) -> list[list[Any]]:
    """Return the rows of a sheet with these records, in a workbook with these shared texts."""
    sheet = BiffSheet("1", False, 0, has_cells=True, formats=Formats())
    bof = struct.pack("<HHHH", 0x809, 4, 0x600, 0x10)
    workbook = BiffWorkbook(bof + records, 8, has_globals=True, strings=[*strings])
    return read_cells(workbook, sheet, lambda value, _: value).rows


def read_with_xlrd(content: bytes) -> list[list[Any]]:
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    return [
        [
            number_to_cell(cell.value) if isinstance(cell.value, float) else cell.value
            for cell in sheet.row(row)
        ]
        for row in range(sheet.nrows)
    ]


def drop_empty_ends(rows: list[list[Any]]) -> list[list[Any]]:
    """Remove empty cells at the end of rows, and empty rows at the end; "" is None elsewhere."""
    rows = [[cell if cell != "" else None for cell in row] for row in rows]
    for row in rows:
        while row and row[-1] is None:
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


@settings(max_examples=120, deadline=None)
@given(CELLS)
def test_texts_and_numbers_are_read_as_xlrd_reads_them(cells: dict[tuple[int, int], Any]) -> None:
    content = write_xls(cells)
    rows = read_with_own_reader(content)
    assert drop_empty_ends(rows) == drop_empty_ends(read_with_xlrd(content))


SHAPES = st.lists(st.sets(st.integers(0, 30), min_size=1), min_size=1, max_size=3)


@settings(max_examples=80, deadline=None)
@given(SHAPES, st.lists(st.integers(0, 2), max_size=40), st.sampled_from([None, 7, "7"]))
def test_rows_of_texts_alike_and_unlike_are_read_as_xlrd_reads_them(
    shapes: list[set[int]], shape_numbers: list[int], last: int | str | None
) -> None:
    cells: dict[tuple[int, int], Any] = {
        (row, column): f"{row}:{column % 5}"
        for row, shape in enumerate(shape_numbers)
        for column in shapes[shape % len(shapes)]
    }
    cells |= {(row, 31): last for row in range(0, len(shape_numbers), 3)}
    content = write_xls(cells)
    rows = read_with_own_reader(content)
    assert drop_empty_ends(rows) == drop_empty_ends(read_with_xlrd(content))


def pack_row_record(row: int, width: int) -> bytes:
    """Return a ROW record, which many writers put before the cells of each row."""
    return struct.pack("<HHHHHHHHHH", 0x208, 16, row, 0, width, 0, 0, 0, 0, 0)


@given(st.permutations(range(6)), st.booleans(), st.integers(3, 6))
def test_rows_stand_where_their_numbers_say_in_any_order(
    order: list[int], has_row_records: bool, width: int
) -> None:
    strings = [f"text {number}" for number in range(6 * width)]
    records = b"".join(
        (pack_row_record(row, width) if has_row_records else b"")
        + b"".join(
            struct.pack("<HHHHHI", 0xFD, 10, row, column, 0, row * width + column)
            for column in range(width)
        )
        for row in order
    )
    rows = read_records(records + struct.pack("<HH", 0x0A, 0), strings)
    assert rows == [strings[row * width : (row + 1) * width] for row in range(6)]


def test_a_sheet_may_go_down_to_the_last_row_there_can_be() -> None:
    content = write_xls(
        {(row, column): f"{row}" for row in (0, 65_534, 65_535) for column in range(5)}
    )
    rows = read_with_own_reader(content)
    assert [rows[row] for row in (0, 65_534, 65_535)] == [
        [f"{row}"] * 5 for row in (0, 65_534, 65_535)
    ]
    assert len(rows) == 65_536


def test_nothing_comes_after_the_last_row_there_can_be() -> None:
    records = b"".join(
        struct.pack("<HHHHHI", 0xFD, 10, row, first + column, 0, column)
        for row, first in ((65_535, 0), (0, 1))
        for column in range(4)
    )
    rows = read_records(records + struct.pack("<HH", 0x0A, 0), ["a", "b", "c", "d"])
    assert (len(rows), rows[0], rows[-1]) == (
        65_536,
        [None, "a", "b", "c", "d"],
        ["a", "b", "c", "d"],
    )


def test_a_run_of_numbers_in_one_record_is_read() -> None:
    content = write_xls({(0, column): column * 7 for column in range(30)})
    assert b"\xbd\x00" in content
    assert read_with_own_reader(content) == [[column * 7 for column in range(30)]]


def test_formulas_booleans_and_errors_are_read() -> None:
    content = write_xls({(0, 0): True, (0, 1): False, (1, 0): xlwt.Formula("1+1")})
    assert drop_empty_ends(read_with_own_reader(content)) == [[True, False]]  # no result yet
    assert drop_empty_ends(read_with_xlrd(content)) == [[True, False]]
