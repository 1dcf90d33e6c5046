"""Read the cells of a sheet of an .xls file from its records (BIFF2 to BIFF8).

A record that is damaged costs its own cells: they are empty, and the sheet remembers their rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from struct import error as StructError  # noqa: N812  the name of the exception is lower case

from .biff_records import (
    BOF_TYPES,
    EOF,
    HEADER_SIZE,
    UNICODE_VERSION,
    read_record_bodies,
    skip_record,
    skip_substream,
    unpack_header,
)
from .biff_strings import read_unicode_text
from .biff_workbook import BiffSheet, BiffWorkbook, read_byte_text
from .cells import Cell, MergedRange
from .text_encoding import REPLACEMENT

# The types of the records of nearly all cells.
_LABELSST = 0x00FD
_NUMBER = 0x0203
_RK = 0x027E

_unpack_labelsst = Struct("<HHHI").unpack_from  # row, column, format, number of the shared string
_unpack_number = Struct("<HHHd").unpack_from  # row, column, format, value
_unpack_rk_cell = Struct("<HHHI").unpack_from  # row, column, format, RK value
_MULRK_START = Struct("<HH")  # row, first column
_MULRK_CELL = Struct("<HI")  # format, RK value; repeated up to the last column
_MULRK_END_SIZE = 2  # bytes of the last column, which ends the body
_CELL_START = Struct("<HHH")  # row, column, format
_OLD_CELL_START = Struct("<HHBBB")  # of BIFF2: row, column, cell format, number format, style
_RANGE = Struct("<HHHH")
_COLUMN_INFO = Struct("<HHHHH")  # first and last column, width, format, options
_ROW_INFO = Struct("<H10xH")  # row, options
_HIDDEN_ROW, _HIDDEN_COLUMN = 0x20, 0x01  # bits of the options of a row and of columns
_UINT16 = Struct("<H")
_COLUMN_COUNT = 256  # the maximum of a sheet
_LABELSST_SIZE, _NUMBER_SIZE, _RK_SIZE = 10, 14, 10

_DOUBLE = Struct("<d")
_UINT64 = Struct("<Q")
_ERROR_TEXTS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_TEXT_RESULT, _BOOLEAN_RESULT, _ERROR_RESULT = 0, 1, 2  # kinds of results of formulas
_NO_NUMBER = b"\xff\xff"  # ends a result that is no number
_INDEX_IN_IXFE = 0x3F  # the cell format of a BIFF2 cell stands in the record IXFE before

ConvertNumber = Callable[[float, bool], Cell]  # (value, whether it is a date) -> cell


@dataclass
class SheetCells:
    """The cells of a sheet, and what is odd about them; all numbers count from 0.

    Empty cells at the end of a row are left out.
    """

    rows: list[list[Cell]] = field(default_factory=list)
    merged_ranges: list[MergedRange] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)  # first and last column
    unreadable_rows: set[int] = field(default_factory=set)  # with cells that could not be read
    lossy_rows: set[int] = field(default_factory=set)  # with bytes that are no characters
    is_cut: bool = False  # the records end without the end of the sheet


def read_cells(
    workbook: BiffWorkbook, sheet: BiffSheet, convert_number: ConvertNumber
) -> SheetCells:
    """Return the cells of a sheet, as far as its records can be read."""
    return _SheetReader(workbook, sheet, convert_number).read()


class _SheetReader:
    """Reads the records of one sheet."""

    def __init__(
        self, workbook: BiffWorkbook, sheet: BiffSheet, convert_number: ConvertNumber
    ) -> None:
        self._workbook = workbook
        self._stream = workbook.stream
        self._version = workbook.version
        self._start = sheet.start
        self._formats = sheet.formats
        self._is_date = sheet.formats.list_dates()
        self._convert_number = convert_number
        self._cells = SheetCells()
        self._formula_place: tuple[int, int] | None = None  # of a formula that gives a text
        self._old_format = 0  # of the record IXFE
        self._handlers: dict[int, Callable[[int, bytes], None]] = {
            _LABELSST: self._mark_unreadable,  # with a wrong size, as the next two
            _NUMBER: self._mark_unreadable,
            _RK: self._mark_unreadable,
            **dict.fromkeys(BOF_TYPES, self._mark_unreadable),
            0x00BD: self._read_numbers,
            0x0204: self._read_label,
            0x00D6: self._read_label,  # RSTRING
            0x0205: self._read_boolean_or_error,
            0x0006: self._read_formula,
            0x0206: self._read_formula,
            0x0406: self._read_formula,
            0x0207: self._read_formula_text,
            0x0208: self._read_row_info,
            0x007D: self._read_column_info,
            0x00E5: self._read_merged_ranges,
            # of BIFF2
            0x0002: self._read_old_number,
            0x0003: self._read_old_number,
            0x0004: self._read_old_label,
            0x0005: self._read_old_boolean_or_error,
            0x0007: self._read_old_formula_text,
            0x0044: self._read_old_format,
        }

    def read(self) -> SheetCells:
        """Return the cells of the sheet."""
        try:
            self._read_records(skip_record(self._stream, self._start))
        except StructError:  # the stream ends within a record, or without the end of the sheet
            self._cells.is_cut = True
        if self._workbook.has_lost_characters:
            self._cells.lossy_rows |= _find_lossy_rows(self._cells.rows)
        return self._cells

    def _read_records(self, position: int) -> None:
        """Read all records up to the end of the sheet. Raise struct.error if it has none."""
        stream, strings, handlers = self._stream, self._workbook.strings, self._handlers
        is_date, convert_number = self._is_date, self._convert_number
        last_row, cells = -1, list[Cell]()  # the row of the record before
        while self._workbook.has_globals or position != len(stream):
            record_type, size = unpack_header(stream, position)
            body = position + HEADER_SIZE
            position = body + size
            value: Cell
            if record_type == _LABELSST and size >= _LABELSST_SIZE:
                row, column, _format, string = _unpack_labelsst(stream, body)
                try:
                    value = strings[string]
                except IndexError:
                    value = None
                    self._cells.unreadable_rows.add(row)
            elif record_type == _RK and size >= _RK_SIZE:
                row, column, number_format, packed = _unpack_rk_cell(stream, body)
                value = convert_number(_unpack_rk(packed), _look_up(is_date, number_format))
            elif record_type == _NUMBER and size >= _NUMBER_SIZE:
                row, column, number_format, number = _unpack_number(stream, body)
                value = convert_number(number, _look_up(is_date, number_format))
            elif record_type == EOF:
                return
            else:
                if record_type in handlers:
                    position = self._read_other_record(record_type, body, position)
                continue
            if row == last_row and column == len(cells) < _COLUMN_COUNT:
                cells.append(value)  # the usual case, faster than a call
            else:
                cells = self._store_cell(row, column, value)
                last_row = row

    def _read_other_record(self, record_type: int, body: int, end: int) -> int:
        """Read a record of a rarer type, from `body` to `end`; return where the next one begins."""
        if record_type in BOF_TYPES:
            return skip_substream(self._stream, end)  # a chart on the sheet
        content = self._stream[body:end]
        try:
            self._handlers[record_type](body - HEADER_SIZE, content)
        except (StructError, IndexError):
            self._mark_unreadable(body, content)
        return end

    def _mark_unreadable(self, _position: int, body: bytes) -> None:
        """Remember the row of a record that cannot be read."""
        if len(body) >= _UINT16.size:
            self._cells.unreadable_rows.add(*_UINT16.unpack_from(body))

    def _store_cell(self, row: int, column: int, value: Cell) -> list[Cell]:
        """Set a cell, and return its row. Add empty rows and cells before it if they are missing.

        A cell without a valid column is left out; then return a full row in place of its own.
        """
        if column >= _COLUMN_COUNT:
            self._cells.unreadable_rows.add(row)
            return [None] * _COLUMN_COUNT
        rows = self._cells.rows
        if row >= len(rows):
            rows.extend([] for _ in range(len(rows), row + 1))
        cells = rows[row]
        if column >= len(cells):
            cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = value
        return cells

    def _put_text(self, row: int, column: int, text: str) -> None:
        self._store_cell(row, column, text or None)
        if REPLACEMENT in text:
            self._cells.lossy_rows.add(row)

    def _read_numbers(self, _position: int, body: bytes) -> None:
        """Read a MULRK record, which holds several numbers side by side in one row."""
        row, column = _MULRK_START.unpack_from(body)
        cells = body[_MULRK_START.size : -_MULRK_END_SIZE]
        cells = cells[: len(cells) // _MULRK_CELL.size * _MULRK_CELL.size]
        for number_format, packed in _MULRK_CELL.iter_unpack(cells):
            is_date = _look_up(self._is_date, number_format)
            self._store_cell(row, column, self._convert_number(_unpack_rk(packed), is_date))
            column += 1

    def _read_label(self, position: int, body: bytes) -> None:
        row, column, _format = _CELL_START.unpack_from(body)
        self._put_text(row, column, self._read_text(position, body, _CELL_START.size))

    def _read_text(self, position: int, body: bytes, start: int) -> str:
        """Return the text at `start` of a record, which may continue in other records."""
        if self._version >= UNICODE_VERSION:
            return read_unicode_text(read_record_bodies(self._stream, position), start)
        return self._workbook.decode_text(read_byte_text(body, start, size_bytes=2))

    def _read_boolean_or_error(self, _position: int, body: bytes) -> None:
        row, column, _format = _CELL_START.unpack_from(body)
        self._store_cell(row, column, _make_boolean_or_error(body[6], is_error=bool(body[7])))

    def _read_formula(self, _position: int, body: bytes) -> None:
        """Put the result of a formula; that of a text stands in the next record of a text."""
        if self._version == 2 and len(body) > _CELL_START.size:
            row, column, is_date = self._unpack_old_start(body)
            result = body[7:15]
        else:
            row, column, number_format = _CELL_START.unpack_from(body)
            is_date = _look_up(self._is_date, number_format)
            result = body[6:14]
        self._formula_place = None
        if result[6:8] != _NO_NUMBER:
            self._store_cell(row, column, self._convert_number(_DOUBLE.unpack(result)[0], is_date))
        elif result[0] in (_BOOLEAN_RESULT, _ERROR_RESULT):
            is_error = result[0] == _ERROR_RESULT
            self._store_cell(row, column, _make_boolean_or_error(result[2], is_error=is_error))
        elif result[0] == _TEXT_RESULT:
            self._formula_place = row, column

    def _read_formula_text(self, position: int, body: bytes) -> None:
        """Store the text that the formula of the record before gives, in the formula's cell."""
        if self._formula_place:
            self._put_text(*self._formula_place, self._read_text(position, body, 0))
            self._formula_place = None

    def _read_old_formula_text(self, _position: int, body: bytes) -> None:
        if self._formula_place:
            text = self._workbook.decode_text(read_byte_text(body, 0, size_bytes=1))
            self._put_text(*self._formula_place, text)
            self._formula_place = None

    def _read_row_info(self, _position: int, body: bytes) -> None:
        row, options = _ROW_INFO.unpack_from(body)
        if options & _HIDDEN_ROW:
            self._cells.hidden_rows.add(row)

    def _read_column_info(self, _position: int, body: bytes) -> None:
        first, last, _width, _format, options = _COLUMN_INFO.unpack_from(body)
        if options & _HIDDEN_COLUMN:
            self._cells.hidden_columns.append((first, last))

    def _read_merged_ranges(self, _position: int, body: bytes) -> None:
        (count,) = _UINT16.unpack_from(body)
        ranges = body[_UINT16.size :][: count * _RANGE.size]
        ranges = ranges[: len(ranges) // _RANGE.size * _RANGE.size]
        self._cells.merged_ranges += map(MergedRange._make, _RANGE.iter_unpack(ranges))

    def _unpack_old_start(self, body: bytes) -> tuple[int, int, bool]:
        """Return (row, column, whether a number is a date) of a BIFF2 cell."""
        row, column, cell_format, number_format, _style = _OLD_CELL_START.unpack_from(body)
        if not self._is_date:  # a file without cell formats states the number format itself
            return row, column, self._formats.is_date(number_format & 0x3F)
        index = cell_format & _INDEX_IN_IXFE
        index = self._old_format if index == _INDEX_IN_IXFE else index
        return row, column, _look_up(self._is_date, index)

    def _read_old_format(self, _position: int, body: bytes) -> None:
        (self._old_format,) = _UINT16.unpack_from(body)

    def _read_old_number(self, _position: int, body: bytes) -> None:
        row, column, is_date = self._unpack_old_start(body)
        if len(body) >= _OLD_CELL_START.size + _DOUBLE.size:
            (value,) = _DOUBLE.unpack_from(body, _OLD_CELL_START.size)
        else:
            (value,) = _UINT16.unpack_from(body, _OLD_CELL_START.size)
        self._store_cell(row, column, self._convert_number(float(value), is_date))

    def _read_old_label(self, _position: int, body: bytes) -> None:
        row, column, _is_date = self._unpack_old_start(body)
        text = read_byte_text(body, _OLD_CELL_START.size, size_bytes=1)
        self._put_text(row, column, self._workbook.decode_text(text))

    def _read_old_boolean_or_error(self, _position: int, body: bytes) -> None:
        row, column, _is_date = self._unpack_old_start(body)
        self._store_cell(row, column, _make_boolean_or_error(body[7], is_error=bool(body[8])))


def _find_lossy_rows(rows: list[list[Cell]]) -> set[int]:
    return {
        number
        for number, cells in enumerate(rows)
        if any(isinstance(cell, str) and REPLACEMENT in cell for cell in cells)
    }


def _make_boolean_or_error(code: int, *, is_error: bool) -> Cell:
    return {"e": _ERROR_TEXTS.get(code, "#N/A")} if is_error else bool(code)


def _look_up(is_date: list[bool], cell_format: int) -> bool:
    return cell_format < len(is_date) and is_date[cell_format]


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
