"""Read SpreadsheetML 2003, the XML of Excel before .xlsx.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

from collections.abc import Iterator
from functools import partial
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from .cells import Cell, SourceSheet, drop_empty_end, fill_row_gaps, number_to_cell
from .errors import WorkbookError
from .limits import XLSX_COLUMNS
from .remarks import RemarkCollector
from .xml_elements import read_elements

_LAST_BYTES = 400  # enough for the end tag and spaces after it
_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_WORKSHEET_TAG = _NAMESPACE + "Worksheet"
_ROW_TAG = _NAMESPACE + "Row"
_CELL_TAG = _NAMESPACE + "Cell"
_DATA_TAG = _NAMESPACE + "Data"
_VISIBLE_TAG = "{urn:schemas-microsoft-com:office:excel}Visible"
_NAME_ATTRIBUTE = _NAMESPACE + "Name"
_INDEX_ATTRIBUTE = _NAMESPACE + "Index"
_TYPE_ATTRIBUTE = _NAMESPACE + "Type"
_MERGE_ACROSS_ATTRIBUTE = _NAMESPACE + "MergeAcross"


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
        SourceSheet(name, hidden, partial(_read_spreadsheetml_rows, path, index))
        for index, (name, hidden) in enumerate(names_and_hidden)
    ]


def _is_root_closed(file: BinaryIO) -> bool:
    """Return whether the file ends with the end tag of its root; then seek to its beginning.

    Ignore NUL bytes, so that a file in UTF-16 is recognised too.
    """
    size = file.seek(0, SEEK_END)
    file.seek(max(size - _LAST_BYTES, 0))
    last_bytes = file.read().replace(b"\0", b"").rstrip()
    file.seek(0)
    return last_bytes.endswith(b"Workbook>")


def _read_spreadsheetml_rows(path: Path, sheet_index: int) -> Iterator[list[Cell]]:
    return fill_row_gaps(_read_numbered_rows(path, sheet_index))


def _read_numbered_rows(path: Path, sheet_index: int) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (row number from 1, cells) of each `<Row>` of a worksheet."""
    finished_sheets = row_number = 0
    with path.open("rb") as file:
        for element in read_elements(file, _WORKSHEET_TAG, _ROW_TAG):
            if element.tag == _WORKSHEET_TAG:
                finished_sheets += 1
            elif finished_sheets == sheet_index:
                row_number = int(element.get(_INDEX_ATTRIBUTE) or row_number + 1)
                yield row_number, _read_spreadsheetml_row(element)


def _read_spreadsheetml_row(element: etree._Element) -> list[Cell]:
    """Return the cells of a `<Row>`.

    A cell that does not follow the cell before has its column number, from 1, in `Index`.
    `MergeAcross` is the number of further columns that the cell covers.
    """
    row: list[Cell] = []
    for cell in element.iterchildren(_CELL_TAG):
        column = int(cell.get(_INDEX_ATTRIBUTE) or len(row) + 1) - 1
        if not len(row) <= column < XLSX_COLUMNS:
            raise WorkbookError("corrupt", cause="cell reference")
        row += [None] * (column - len(row))
        row.append(_read_data(cell.find(_DATA_TAG)))
        row += [None] * min(int(cell.get(_MERGE_ACROSS_ATTRIBUTE) or 0), XLSX_COLUMNS)
    return drop_empty_end(row)


def _read_data(data: etree._Element | None) -> Cell:
    """Return the cell of a `<Data>` element; None if it is missing or empty."""
    if data is None:
        return None
    text = "".join(part for part in data.itertext() if isinstance(part, str))
    match data.get(_TYPE_ATTRIBUTE):
        case "Number":
            return int(text) if text.lstrip("-").isdigit() else number_to_cell(float(text))
        case "DateTime":
            return {"d": text.removesuffix(".000")}
        case "Boolean":
            return text.strip() == "1"
        case "Error":
            return {"e": text}
    return text or None
