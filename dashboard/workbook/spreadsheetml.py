"""Read SpreadsheetML 2003, the XML of Excel before .xlsx.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

import re
from collections.abc import Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from .cells import Cell, MergedRange, SourceSheet, drop_empty_end, fill_row_gaps
from .errors import WorkbookError
from .hidden_parts import HiddenParts, is_zero
from .limits import XLSX_COLUMNS, XLSX_ROWS
from .remarks import RemarkCollector
from .xlsx_cells import parse_number
from .xml_elements import read_elements

_LAST_BYTES = 4_000  # enough for the end tag, and for spaces and comments after it
_ROOT_END = re.compile(rb"Workbook\s*>(?:\s|<!--.*?-->|<\?.*?\?>)*$", re.DOTALL)
_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_WORKSHEET_TAG = _NAMESPACE + "Worksheet"
_ROW_TAG = _NAMESPACE + "Row"
_COLUMN_TAG = _NAMESPACE + "Column"
_CELL_TAG = _NAMESPACE + "Cell"
_DATA_TAG = _NAMESPACE + "Data"
_VISIBLE_TAG = "{urn:schemas-microsoft-com:office:excel}Visible"
_NAME_ATTRIBUTE = _NAMESPACE + "Name"
_TYPE_ATTRIBUTE = _NAMESPACE + "Type"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?Z?", re.ASCII)


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return the worksheets. Raise WorkbookError if the file is truncated or no valid XML.

    The file is parsed once here for the names, and again whenever the rows of a sheet are read.
    """
    names_and_hidden: list[tuple[str, bool]] = []
    with path.open("rb") as file:
        if not _is_root_closed(file):
            raise WorkbookError("truncated")
        hidden = False
        # read_elements yields an element at its end tag, so <Visible> comes before the <Worksheet>
        # that contains it. Rows are read only to free them from memory.
        for element in read_elements(file, _WORKSHEET_TAG, _VISIBLE_TAG, _ROW_TAG):
            if element.tag == _VISIBLE_TAG:
                hidden = (element.text or "").strip() in ("SheetHidden", "SheetVeryHidden")
            elif element.tag == _WORKSHEET_TAG:
                names_and_hidden.append((element.get(_NAME_ATTRIBUTE) or "", hidden))
                hidden = False
    return [
        _open_worksheet(_Worksheet(path, index), name, is_hidden=hidden)
        for index, (name, hidden) in enumerate(names_and_hidden)
    ]


def _open_worksheet(sheet: "_Worksheet", name: str, *, is_hidden: bool) -> SourceSheet:
    return SourceSheet(name, is_hidden, sheet.read_rows, sheet.list_merged_ranges, sheet.remarks)


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
    """A worksheet of a file, by its index."""

    def __init__(self, path: Path, index: int) -> None:
        self.remarks = RemarkCollector()
        self._path = path
        self._index = index

    def read_rows(self) -> Iterator[list[Cell]]:
        """Yield the rows in order, and remark what is odd or hidden."""
        yield from fill_row_gaps(self._read_numbered_rows())

    def list_merged_ranges(self) -> list[MergedRange]:
        """Return the merged cells."""
        return [
            merged
            for number, _element, cells in self._read_row_elements(HiddenParts())
            for column, cell in cells
            if (merged := _find_merged_range(cell, number - 1, column))
        ]

    def _read_numbered_rows(self) -> Iterator[tuple[int, list[Cell]]]:
        hidden = HiddenParts()
        previous_number = 0
        for number, element, cells in self._read_row_elements(hidden):
            row: list[Cell] = []
            if number <= previous_number:
                number = previous_number + 1
                self.remarks.add("rows_misnumbered", number - 1)
            for column, cell in cells:
                value = _read_data(cell.find(_DATA_TAG))
                if not len(row) <= column < XLSX_COLUMNS:
                    self.remarks.add("cells_unplaced", number - 1)
                    continue
                row += [None] * (column - len(row))
                row.append(value)
            drop_empty_end(row)
            if row:
                hidden.add_row(number - 1, len(row), is_hidden=_is_hidden(element, "Height"))
                previous_number = number
                yield number, row
        hidden.add_remark(self.remarks)

    def _read_row_elements(
        self, hidden: HiddenParts
    ) -> Iterator[tuple[int, etree._Element, list[tuple[int, etree._Element]]]]:
        """Yield (row number from 1, row, cells with their columns from 0) of each `<Row>`.

        Add hidden columns to `hidden`.
        """
        finished_sheets = row_number = column_number = 0
        with self._path.open("rb") as file:
            for element in read_elements(file, _WORKSHEET_TAG, _ROW_TAG, _COLUMN_TAG):
                if element.tag == _WORKSHEET_TAG:
                    finished_sheets += 1
                elif finished_sheets == self._index:
                    span = _read_count(element, "Span")
                    if element.tag == _COLUMN_TAG:
                        column_number = _read_count(element, "Index") or column_number + 1
                        last_column = column_number + span
                        if _is_hidden(element, "Width"):
                            hidden.add_columns(column_number - 1, last_column - 1)
                        column_number = last_column
                    else:
                        row_number = _read_count(element, "Index") or row_number + 1
                        yield row_number, element, list(_number_cells(element))
                        row_number += span  # the next rows have the same format


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
