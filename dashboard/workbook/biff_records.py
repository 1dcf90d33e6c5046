"""Read the cells of a plain BIFF8 sheet (.xls) from the bytes that xlrd has loaded.

xlrd needs twice the time for the same cells, which is most of the time for a large .xls. This
module reads only sheets of texts and numbers, as report generators write them. If a sheet has any
other cell (formula, boolean, error, rich text), xlrd reads the whole sheet. The tests compare the
cells of both readers.

Record layouts: [MS-XLS] 2.4,
https://learn.microsoft.com/en-us/openspecs/office_file_formats/ms-xls/
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from .cells import Cell
from .errors import WorkbookError

# The types of the records that this module reads.
_EOF = 0x000A
_MULRK = 0x00BD
_LABELSST = 0x00FD
_NUMBER = 0x0203
_RK = 0x027E
# Record types that only xlrd reads: FORMULA (of BIFF8 and older), LABEL, RSTRING, BOOLERR, the
# STRING result of a formula, and BOF, which begins an embedded chart.
_RECORDS_FOR_XLRD = frozenset((0x0006, 0x0206, 0x0406, 0x0204, 0x00D6, 0x0205, 0x0207, 0x0809))

_HEADER_SIZE = 4
_unpack_header = Struct("<HH").unpack_from  # record type, size of the body
_unpack_labelsst = Struct("<HHHI").unpack_from  # row, column, format, number of the shared string
_unpack_number = Struct("<HHHd").unpack_from  # row, column, format, value
_unpack_rk_cell = Struct("<HHHI").unpack_from  # row, column, format, RK value
_MULRK_START = Struct("<HH")  # row, first column
_MULRK_CELL = Struct("<HI")  # format, RK value; repeated up to the last column
_MULRK_END_SIZE = 2  # bytes of the last column, which ends the body
_COLUMN_COUNT = 256  # the maximum of a BIFF8 sheet

_DOUBLE = Struct("<d")
_UINT64 = Struct("<Q")

ConvertNumber = Callable[[float, int], Cell]  # (value, format) -> cell


def skip_record(stream: Any, position: int) -> int:
    """Return the position of the record after the one at `position`."""
    _type, size = _unpack_header(stream, position)
    return position + _HEADER_SIZE + int(size)


def read_plain_sheet(
    stream: Any, position: int, strings: Sequence[str | None], convert_number: ConvertNumber
) -> list[list[Cell]] | None:
    """Return the rows of the sheet whose first record is at `position`; None if xlrd must read it.

    `strings` is the table of the workbook's texts, to which text cells refer by number.
    `convert_number` turns a number and its format into a cell. Empty cells at the end of a row are
    left out. Raise WorkbookError if a column number is too large.
    """
    rows: list[list[Cell]] = []
    last_row, cells = -1, list[Cell]()  # the row of the record before
    while True:
        record_type, size = _unpack_header(stream, position)
        body = position + _HEADER_SIZE
        position = body + size
        value: Cell
        if record_type == _LABELSST:
            row, column, _format, string = _unpack_labelsst(stream, body)
            value = strings[string]
        elif record_type == _NUMBER:
            row, column, number_format, number = _unpack_number(stream, body)
            value = convert_number(number, number_format)
        elif record_type == _RK:
            row, column, number_format, packed = _unpack_rk_cell(stream, body)
            value = convert_number(_unpack_rk(packed), number_format)
        elif record_type == _MULRK:
            _put_mulrk_cells(rows, stream[body:position], convert_number)
            continue
        elif record_type == _EOF:
            return rows
        elif record_type in _RECORDS_FOR_XLRD:
            return None
        else:
            continue  # a record without cells
        if row == last_row and column == len(cells) < _COLUMN_COUNT:
            cells.append(value)  # the usual case, faster than a call of _put_cell
        else:
            cells = _put_cell(rows, row, column, value)
            last_row = row


def _put_mulrk_cells(rows: list[list[Cell]], body: bytes, convert_number: ConvertNumber) -> None:
    """Set the cells of a MULRK record, which holds several numbers side by side in one row."""
    row, column = _MULRK_START.unpack_from(body)
    cells = body[_MULRK_START.size : -_MULRK_END_SIZE]
    for number_format, packed in _MULRK_CELL.iter_unpack(cells):
        _put_cell(rows, row, column, convert_number(_unpack_rk(packed), number_format))
        column += 1


def _put_cell(rows: list[list[Cell]], row: int, column: int, value: Cell) -> list[Cell]:
    """Set a cell, and return its row. Add empty rows and cells before it if they are missing."""
    if column >= _COLUMN_COUNT:
        raise WorkbookError("corrupt", cause="column number")
    if row >= len(rows):
        rows.extend([] for _ in range(len(rows), row + 1))
    cells = rows[row]
    if column >= len(cells):
        cells.extend([None] * (column + 1 - len(cells)))
    cells[column] = value
    return cells


def _unpack_rk(packed: int) -> float:
    """Return the number in an RK field ([MS-XLS] 2.5.217).

    If bit 0 is set, the value is 100 times the number. If bit 1 is set, the upper 30 bits are a
    signed integer; otherwise they are the upper 30 bits of a double.
    """
    if packed & 2:
        # Subtract 2**30 from a negative number: 30 bits in two's complement.
        is_negative = packed & 0x8000_0000
        value = float((packed >> 2) - (1 << 30 if is_negative else 0))
    else:
        (value,) = _DOUBLE.unpack(_UINT64.pack((packed & 0xFFFF_FFFC) << 32))
    return value / 100 if packed & 1 else value
