"""SpreadsheetML 2003, the XML of Excel before .xlsx.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

from collections.abc import Callable, Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from .cells import Cell, Table, number
from .errors import WorkbookError
from .markup import elements

_NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_SHEET, _TABLE, _ROW, _CELL, _DATA, _INDEX, _TYPE, _NAME, _ACROSS = (
    f"{{{_NAMESPACE}}}{name}"
    for name in (
        "Worksheet",
        "Table",
        "Row",
        "Cell",
        "Data",
        "Index",
        "Type",
        "Name",
        "MergeAcross",
    )
)
_VISIBLE = "{urn:schemas-microsoft-com:office:excel}Visible"
ROWS, COLUMNS = 1_048_576, 16_384


def tables(path: Path) -> list[Table]:
    """The worksheets of a file, which is read through once for their names and once for each one's rows."""
    sheets: list[tuple[str, bool]] = []
    with path.open("rb") as file:
        if not _has_its_end(file):
            raise WorkbookError("truncated")
        hidden = False
        for element in elements(file, _SHEET, _VISIBLE, _ROW):
            if element.tag == _VISIBLE:
                hidden = (element.text or "").strip() in ("SheetHidden", "SheetVeryHidden")
            elif element.tag == _SHEET:
                sheets.append((element.get(_NAME) or "", hidden))
                hidden = False
    return [
        Table(name, hidden, _rows(path, number)) for number, (name, hidden) in enumerate(sheets)
    ]


def _has_its_end(file: BinaryIO) -> bool:
    """Whether the root is closed, in an encoding of one or two bytes; leaves the file at its beginning."""
    file.seek(max(file.seek(0, SEEK_END) - 400, 0))
    end = file.read().replace(b"\0", b"").rstrip()
    file.seek(0)
    return end.endswith(b"Workbook>")


def _rows(path: Path, sheet: int) -> Callable[[], Iterator[list[Cell]]]:
    def rows() -> Iterator[list[Cell]]:
        at = index = written = 0
        with path.open("rb") as file:
            for element in elements(file, _SHEET, _ROW):
                if element.tag == _SHEET:
                    at += 1
                    index = 0
                elif at == sheet:
                    before, index = index, int(element.get(_INDEX) or index + 1)
                    if not before < index <= ROWS:
                        raise WorkbookError("corrupt", cause="row number")
                    if row := _row(element):
                        yield from ([] for _ in range(written + 1, index))
                        yield row
                        written = index

    return rows


def _row(element: etree._Element) -> list[Cell]:
    row: list[Cell] = []
    for cell in element.iterchildren(_CELL):
        place = int(cell.get(_INDEX) or len(row) + 1) - 1
        if not len(row) <= place < COLUMNS:
            raise WorkbookError("corrupt", cause="cell reference")
        across = min(int(cell.get(_ACROSS) or 0), COLUMNS)
        row += [*[None] * (place - len(row)), _cell(cell.find(_DATA)), *[None] * across]
    while row and row[-1] is None:
        row.pop()
    return row


def _cell(data: etree._Element | None) -> Cell:
    if data is None:
        return None
    words = "".join(part for part in data.itertext() if isinstance(part, str))
    match data.get(_TYPE):
        case "Number":
            return int(words) if words.lstrip("-").isdigit() else number(float(words))
        case "DateTime":
            return {"d": words.removesuffix(".000")}
        case "Boolean":
            return words.strip() == "1"
        case "Error":
            return {"e": words}
    return words or None
