"""Read SpreadsheetML 2003, the XML of Excel before .xlsx.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from .cells import Cell, MergedRange, SourceSheet, drop_empty_end, fill_row_gaps
from .errors import WorkbookError
from .hidden_parts import HiddenParts, is_zero
from .limits import XLSX_COLUMNS, XLSX_ROWS
from .remarks import RemarkCollector
from .text_encoding import REPLACEMENT
from .xlsx_cells import parse_number
from .xml_repair import read_repaired_elements

_FIRST_BYTES = 4_096
_LAST_BYTES = 4_000  # enough for the end tag, and for spaces and comments after it
_ROOT_END = re.compile(rb"Workbook\s*>(?:\s|<!--.*?-->|<\?.*?\?>)*$", re.DOTALL)
_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_WORKSHEET_TAG = _NAMESPACE + "Worksheet"
_ROW_TAG = _NAMESPACE + "Row"
_COLUMN_TAG = _NAMESPACE + "Column"
_CELL_TAG = _NAMESPACE + "Cell"
_DATA_TAG = _NAMESPACE + "Data"
_VISIBLE_TAG = "{urn:schemas-microsoft-com:office:excel}Visible"
_HIDDEN_WORDS = ("SheetHidden", "SheetVeryHidden")
_NAME_ATTRIBUTE = _NAMESPACE + "Name"
_TYPE_ATTRIBUTE = _NAMESPACE + "Type"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?Z?", re.ASCII)


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return the worksheets; one that is damaged inside has the rows before the damage.

    Raise WorkbookError if the file is truncated, or damaged before its first row.
    """
    with path.open("rb") as file:
        if not _is_root_closed(file):
            raise WorkbookError("truncated")
    sheets: list[_Worksheet] = []
    try:
        _read_worksheets(path, sheets)
    except WorkbookError as error:
        if error.code == "bomb" or not any(sheet.rows for sheet in sheets):
            raise
        sheets[-1].remarks.add("sheet_cut", max(len(sheets[-1].rows) - 1, 0))
    return [sheet.make_source() for sheet in sheets]


def _read_worksheets(path: Path, sheets: list["_Worksheet"]) -> None:
    """Add the worksheets of a file to `sheets`, with all that can be read."""
    is_open = False
    tags = (_WORKSHEET_TAG, _VISIBLE_TAG, _ROW_TAG, _COLUMN_TAG)
    for element, is_repaired in read_repaired_elements(partial(_open_xml, path), *tags):
        # Elements come at their end tags, so those of a worksheet come before it.
        is_end = element.tag == _WORKSHEET_TAG
        worksheet = element if is_end else next(element.iterancestors(_WORKSHEET_TAG), None)
        if worksheet is None:
            continue
        if not is_open:
            sheets.append(_Worksheet(worksheet.get(_NAME_ATTRIBUTE) or ""))
        is_open = not is_end
        if element.tag == _VISIBLE_TAG:
            sheets[-1].is_hidden = (element.text or "").strip() in _HIDDEN_WORDS
        elif element.tag == _COLUMN_TAG:
            sheets[-1].add_column(element)
        elif element.tag == _ROW_TAG:
            sheets[-1].add_row(element, is_repaired=is_repaired)


@contextmanager
def _open_xml(path: Path) -> Iterator[BinaryIO]:
    """Open a file of XML; leave out spaces before it, which XML forbids."""
    with path.open("rb") as file:
        start = file.read(_FIRST_BYTES)
        file.seek(len(start) - len(start.lstrip(b" \t\r\n")))
        yield file


def _is_root_closed(file: BinaryIO) -> bool:
    """Return whether the file ends with the end tag of its root; then seek to its beginning.

    Ignore NUL bytes, so that a file in UTF-16 is recognised too.
    """
    size = file.seek(0, SEEK_END)
    file.seek(max(size - _LAST_BYTES, 0))
    last_bytes = file.read().replace(b"\0", b"")
    file.seek(0)
    return _ROOT_END.search(last_bytes) is not None


class _Worksheet:
    """A worksheet while its elements are read."""

    def __init__(self, name: str) -> None:
        self.is_hidden = False
        self.remarks = RemarkCollector()
        self.rows: list[tuple[int, list[Cell]]] = []  # with their numbers, from 1
        self._name = name
        self._merged_ranges: list[MergedRange] = []
        self._hidden = HiddenParts()
        self._row_number = self._column_number = 0

    def make_source(self) -> SourceSheet:
        """Return the sheet with all its remarks."""
        self._hidden.add_remark(self.remarks)
        return SourceSheet(
            self._name,
            self.is_hidden,
            lambda: fill_row_gaps(self.rows),
            lambda: self._merged_ranges,
            self.remarks,
        )

    def add_column(self, element: etree._Element) -> None:
        """Remember the columns of a `<Column>` if they are hidden."""
        first = _read_count(element, "Index") or self._column_number + 1
        self._column_number = first + _read_count(element, "Span")
        if _is_hidden(element, "Width"):
            self._hidden.add_columns(first - 1, self._column_number - 1)

    def add_row(self, element: etree._Element, *, is_repaired: bool) -> None:
        """Add a row, and remark what is odd."""
        number = _read_count(element, "Index") or self._row_number + 1
        previous_number = self.rows[-1][0] if self.rows else 0
        if not previous_number < number <= XLSX_ROWS:
            number = previous_number + 1
            self.remarks.add("rows_misnumbered", number - 1)
        # The next rows have the same format as this one.
        self._row_number = number + _read_count(element, "Span")
        row: list[Cell] = []
        for column, cell in _number_cells(element):
            if not len(row) <= column < XLSX_COLUMNS:
                self.remarks.add("cells_unplaced", number - 1)
                continue
            row += [None] * (column - len(row))
            row.append(_read_data(cell.find(_DATA_TAG)))
            if merged := _find_merged_range(cell, number - 1, column):
                self._merged_ranges.append(merged)
        drop_empty_end(row)
        if not row:
            return
        self._hidden.add_row(number - 1, len(row), is_hidden=_is_hidden(element, "Height"))
        self.rows.append((number, row))
        if is_repaired and any(isinstance(cell, str) and REPLACEMENT in cell for cell in row):
            self.remarks.add("characters_lost", number - 1)


def _number_cells(row: etree._Element) -> Iterator[tuple[int, etree._Element]]:
    """Yield each `<Cell>` of a row with its column, from 0.

    A cell that does not follow the cell before has its column number, from 1, in `Index`.
    `MergeAcross` is the number of further columns that the cell covers.
    """
    column = 0
    for cell in row.iterchildren(_CELL_TAG):
        column = (_read_count(cell, "Index") or column + 1) - 1
        yield column, cell
        column += 1 + _read_count(cell, "MergeAcross")


def _find_merged_range(cell: etree._Element, row: int, column: int) -> MergedRange | None:
    """Return the range that a cell covers; None if it is the cell alone."""
    down, across = _read_count(cell, "MergeDown"), _read_count(cell, "MergeAcross")
    if not down and not across:
        return None
    last_row, last_column = min(row + down, XLSX_ROWS - 1), min(column + across, XLSX_COLUMNS - 1)
    return MergedRange(row, last_row, column, last_column)


def _read_count(element: etree._Element, name: str) -> int:
    """Return a number that an attribute states; 0 if it states none."""
    text = element.get(_NAMESPACE + name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _is_hidden(element: etree._Element, size: str) -> bool:
    """Return whether a row or column is hidden, or has no height or width."""
    return element.get(_NAMESPACE + "Hidden") == "1" or is_zero(element.get(_NAMESPACE + size))


def _read_data(data: etree._Element | None) -> Cell:
    """Return the cell of a `<Data>` element; None if it is missing or empty.

    A value that is not what its type says is a text.
    """
    if data is None:
        return None
    text = "".join(part for part in data.itertext() if isinstance(part, str))
    if not text:
        return None
    match data.get(_TYPE_ATTRIBUTE):
        case "Number":
            return parse_number(text)
        case "DateTime":
            return {"d": text.removesuffix(".000")} if _MOMENT.fullmatch(text) else text
        case "Boolean":
            return {"1": True, "0": False}.get(text.strip(), text)
        case "Error":
            return {"e": text}
    return text
