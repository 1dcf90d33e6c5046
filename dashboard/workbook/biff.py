"""The cells of a plain BIFF8 sheet, read from xlrd's stream three times as fast as xlrd reads them.

A sheet of texts and numbers, as report generators write it, is read here. Any other record with a cell in it (formulas,
errors, rich text) sends the whole sheet to xlrd, whose word is law: the tests hold the two against each other.
Record layouts: [MS-XLS] 2.4, https://learn.microsoft.com/en-us/openspecs/office_file_formats/ms-xls/
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from struct import Struct, error
from typing import Any, NamedTuple

from .cells import Cell

_LABELSST, _NUMBER, _RK, _MULRK, _EOF = 0x00FD, 0x0203, 0x027E, 0x00BD, 0x000A
_OTHER_CELLS = frozenset((0x0006, 0x0206, 0x0406, 0x0204, 0x00D6, 0x0205, 0x0207, 0x0809))
_COLUMNS, _ROWS = 256, 65_536

_RECORD = Struct(
    "<HHHHHI"
).unpack_from  # code, size; row, column, format; and what LABELSST and RK go on with
_HEAD = Struct("<HH").unpack_from
_TEXT = Struct("<IHH").unpack_from  # code and size as one number; row, column
_TEXT_START = Struct("<IHH6x").pack
_DOUBLE = Struct("<d").unpack_from
_MANY = Struct("<HI").unpack_from
_ROW = (
    b"\x08\x02\x10\0"  # code and size of a ROW record: many writers put one before each row's cells
)
_ROW_SIZE = 20
_RUN = 4  # neighbouring texts that are worth reading at once
_RUNS = 32  # forms of runs that are remembered: a sheet's rows have few
_TEXT_SIZE = 14  # bytes of a LABELSST record
_TEXT_HEAD = 10 << 16 | _LABELSST  # its size and code, as one number
_TO_DOUBLE = Struct("<d").unpack
_FROM_INT = Struct("<Q").pack

Convert = Callable[[float, int], Cell]  # a number and its format to a cell


def rows(  # noqa: C901  a call per record would cost more than the record
    mem: Any, position: int, strings: Sequence[str | None], convert: Convert
) -> list[list[Cell]] | None:
    """The rows of the sheet whose records begin at `position`; None where xlrd must read it."""
    found: list[list[Cell]] = []
    cells: list[Cell] = []
    runs = _Runs(mem, strings)
    at = -1
    while True:
        try:
            code, size, row, column, style, rest = _RECORD(mem, position)
        except error:  # the last records of a stream may be shorter than this
            code, size = _HEAD(mem, position)
            row = column = style = rest = 0
            if code in (_LABELSST, _RK):
                return None
        start, position = position + 4, position + 4 + size
        value: Cell
        if code == _LABELSST:
            value = strings[rest]
        elif code == _NUMBER:
            value = convert(_DOUBLE(mem, start + 6)[0], style)
        elif code == _RK:
            value = convert(_rk(rest), style)
        elif code == _EOF:
            return found
        elif code in _OTHER_CELLS:
            return None
        elif code != _MULRK:
            continue
        if column >= _COLUMNS:
            return None
        if row != at:
            at = row
            if row >= len(found):
                found.extend([[] for _ in range(row + 1 - len(found))])
            if code == _LABELSST and not found[row]:
                position, at = runs.take(start - 4, row, found)
                if position != start - 4:
                    cells = found[at]
                    continue
                position = start + size
            cells = found[at]
        if code == _MULRK:
            for place in range(start + 4, position - 2, 6):
                style, rest = _MANY(mem, place)
                _put(cells, column, convert(_rk(rest), style))
                column += 1
        elif column == len(cells):
            cells.append(value)
        else:
            _put(cells, column, value)


class _Form(NamedTuple):
    """Neighbouring texts of one row as many rows have them, known at one look and read at once.

    As one number and within `mask`, its records are `heads` (codes, sizes, columns) and the row times `row`.
    """

    size: int
    mask: int
    heads: int
    row: int
    gaps: list[int]
    texts: Callable[[bytes], tuple[int, ...]]


_NONE = _Form(0, 0, -1, 0, [], Struct("").unpack)  # no records are like it


class _Runs:
    """Takes runs of texts, row after row for as long as each begins where the one before ends."""

    def __init__(self, mem: Any, strings: Sequence[str | None]) -> None:
        self._mem = mem
        self._strings = strings
        self._forms: list[_Form] = []  # what the last row had is tried first

    def take(self, position: int, row: int, found: list[list[Cell]]) -> tuple[int, int]:
        """Where the runs that begin here end, and the last row that has one; the place itself where there is none."""
        mem, strings, last, form = self._mem, self._strings, row, _NONE
        while True:
            records = mem[position : position + form.size]
            if int.from_bytes(records, "little") & form.mask != form.heads + row * form.row:
                form = self._form(position, row)
                records = mem[position : position + form.size]
            if not form.size:
                return position, last
            cells: list[Cell] = [strings[text] for text in form.texts(records)]
            for gap in form.gaps:
                cells.insert(gap, None)
            found[row : row + 1] = [cells]
            position += form.size
            if mem[position : position + 4] == _ROW:
                position += _ROW_SIZE
            last, row = row, row + 1
            if row != len(found) or row == _ROWS:  # rows that are out of order, or at their end
                return position, last

    def _form(self, position: int, row: int) -> _Form:
        """How the run that begins here looks; that of nothing where none does."""
        if int.from_bytes(self._mem[position : position + 6], "little") != _TEXT_HEAD | row << 32:
            return _NONE
        for place, form in enumerate(self._forms):
            records = int.from_bytes(self._mem[position : position + form.size], "little")
            if records & form.mask == form.heads + row * form.row:
                self._forms.insert(0, self._forms.pop(place))
                return form
        columns = _columns(self._mem, position, row)
        if len(columns) < _RUN:
            return _NONE
        self._forms = [_form(columns), *self._forms[: _RUNS - 1]]
        return self._forms[0]


def _columns(mem: Any, position: int, row: int) -> tuple[int, ...]:
    """The columns of neighbouring texts in one row, from left to right."""
    columns: list[int] = []
    with suppress(error):
        while True:
            head, at, column = _TEXT(mem, position + _TEXT_SIZE * len(columns))
            if head != _TEXT_HEAD or at != row or not (columns or [-1])[-1] < column < _COLUMNS:
                break
            columns.append(column)
    return tuple(columns)


def _form(columns: tuple[int, ...]) -> _Form:
    count = len(columns)
    mask, row = b"\xff" * 8 + b"\0" * 6, b"\0" * 4 + b"\1" + b"\0" * 9
    heads = b"".join(_TEXT_START(_TEXT_HEAD, 0, column) for column in columns)
    numbers = [int.from_bytes(part, "little") for part in (mask * count, heads, row * count)]
    gaps = sorted(set(range(columns[-1])) - set(columns))
    return _Form(
        _TEXT_SIZE * count,
        numbers[0],
        numbers[1],
        numbers[2],
        gaps,
        Struct("<" + "10xI" * count).unpack,
    )


def _put(cells: list[Cell], column: int, value: Cell) -> None:
    if column >= len(cells):
        cells.extend([None] * (column + 1 - len(cells)))
    cells[column] = value


def _rk(packed: int) -> float:
    """A number in 32 bits: the upper half of a double or a signed integer of 30 bits, either perhaps times 100."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x8000_0000 else 0))
    else:
        value = _TO_DOUBLE(_FROM_INT((packed & 0xFFFF_FFFC) << 32))[0]
    return value / 100 if packed & 1 else value
