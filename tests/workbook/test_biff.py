"""Our reading of plain BIFF sheets and xlrd's agree, cell for cell."""

import datetime as dt
import io
import struct
from typing import Any

import xlrd
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.workbook import biff
from dashboard.workbook.cells import number

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


def written(cells: dict[tuple[int, int], Any]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("1")
    for (row, column), value in cells.items():
        sheet.write(row, column, value)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def ours(content: bytes) -> list[list[Any]] | None:
    book: Any = xlrd.open_workbook(file_contents=content, on_demand=True)
    start = book._sh_abs_posn[0]
    size = int.from_bytes(book.mem[start + 2 : start + 4], "little")
    return biff.rows(
        book.mem, start + 4 + size, book._sharedstrings, lambda value, _: number(value)
    )


def theirs(content: bytes) -> list[list[Any]]:
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    return [
        [
            number(cell.value) if isinstance(cell.value, float) else cell.value
            for cell in sheet.row(row)
        ]
        for row in range(sheet.nrows)
    ]


def trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    """Without what is empty at the end of rows and of the sheet, and with one word for empty."""
    found = [[cell if cell != "" else None for cell in row] for row in rows]
    for row in found:
        while row and row[-1] is None:
            row.pop()
    while found and not found[-1]:
        found.pop()
    return found


@settings(max_examples=120, deadline=None)
@given(CELLS)
def test_texts_and_numbers_are_read_as_xlrd_reads_them(cells: dict[tuple[int, int], Any]) -> None:
    content = written(cells)
    found = ours(content)
    assert found is not None
    assert trimmed(found) == trimmed(theirs(content))


SHAPES = st.lists(st.sets(st.integers(0, 30), min_size=1), min_size=1, max_size=3)


@settings(max_examples=80, deadline=None)
@given(SHAPES, st.lists(st.integers(0, 2), max_size=40), st.sampled_from([None, 7, "7"]))
def test_rows_of_texts_alike_and_unlike_are_read_as_xlrd_reads_them(
    shapes: list[set[int]], rows: list[int], last: int | str | None
) -> None:
    cells: dict[tuple[int, int], Any] = {
        (row, column): f"{row}:{column % 5}"
        for row, shape in enumerate(rows)
        for column in shapes[shape % len(shapes)]
    }
    cells |= {(row, 31): last for row in range(0, len(rows), 3)}
    content = written(cells)
    found = ours(content)
    assert found is not None
    assert trimmed(found) == trimmed(theirs(content))


@given(st.permutations(range(6)), st.booleans(), st.integers(3, 6))
def test_rows_stand_where_their_numbers_say_in_whatever_order_they_come(
    order: list[int], announced: bool, width: int
) -> None:
    strings = [f"text {number}" for number in range(6 * width)]
    records = b"".join(
        (struct.pack("<HHHHHHHHHH", 0x208, 16, row, 0, width, 0, 0, 0, 0, 0) if announced else b"")
        + b"".join(
            struct.pack("<HHHHHI", 0xFD, 10, row, column, 0, row * width + column)
            for column in range(width)
        )
        for row in order
    )
    found = biff.rows(records + struct.pack("<HH", 0x0A, 0), 0, strings, lambda value, _: value)
    assert found == [strings[row * width : (row + 1) * width] for row in range(6)]


def test_a_sheet_may_go_down_to_the_last_row_there_can_be() -> None:
    content = written(
        {(row, column): f"{row}" for row in (0, 65_534, 65_535) for column in range(5)}
    )
    found = ours(content)
    assert found is not None
    assert [found[row] for row in (0, 65_534, 65_535)] == [
        [f"{row}"] * 5 for row in (0, 65_534, 65_535)
    ]
    assert len(found) == 65_536


def test_nothing_comes_after_the_last_row_there_can_be() -> None:
    records = b"".join(
        struct.pack("<HHHHHI", 0xFD, 10, row, first + column, 0, column)
        for row, first in ((65_535, 0), (0, 1))
        for column in range(4)
    )
    found = biff.rows(
        records + struct.pack("<HH", 0x0A, 0), 0, ["a", "b", "c", "d"], lambda value, _: value
    )
    assert found is not None
    assert (len(found), found[0], found[-1]) == (
        65_536,
        [None, "a", "b", "c", "d"],
        ["a", "b", "c", "d"],
    )


def test_a_run_of_numbers_in_one_record_is_read() -> None:
    content = written({(0, column): column * 7 for column in range(30)})
    assert b"\xbd\x00" in content
    assert ours(content) == [[column * 7 for column in range(30)]]


def test_a_sheet_with_any_other_cell_is_left_to_xlrd() -> None:
    moment = dt.datetime(2026, 11, 20)  # noqa: DTZ001  a spreadsheet knows no zone
    assert ours(written({(0, 0): moment})) is not None
    for value in (True, xlwt.Formula("1+1"), xlwt.Formula('"a"&"b"')):
        assert ours(written({(0, 0): "a", (1, 1): value})) is None
