"""OOXML .xlsx: openpyxl reads the book, its styles and dates; cells are read here, several times faster.

openpyxl's own loop goes through a pure Python parser, reads a sheet without a `<dimension>` twice, and believes a wrong
one, which silently drops rows. Here no dimension is looked at.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from lxml import etree
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from .cells import Cell, Table, date, number
from .errors import WorkbookError
from .markup import elements

_ROW, _CELL, _VALUE, _INLINE, _TEXT, _RUN, _STRING = (
    f"{{{SHEET_MAIN_NS}}}{name}" for name in ("row", "c", "v", "is", "t", "r", "si")
)
ROWS, COLUMNS = 1_048_576, 16_384  # the format's own
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how OOXML writes a control character


class _Book(ExcelReader):
    """openpyxl's reader of all but strings and sheets."""

    path: Path
    tables: list[Table]

    def read_strings(self) -> None:
        part = cast("Any", self.package).find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as file:
                self.shared_strings = [_text(element) for element in elements(file, _STRING)]

    def read_worksheets(self) -> None:
        self.tables = [
            Table(sheet.name, sheet.state != "visible", self._rows(rel.target))
            for sheet, rel in self.parser.find_sheets()
            if rel.target in self.valid_files and rel.Type.endswith("/worksheet")
        ]

    def _rows(self, part: str) -> Callable[[], Iterator[list[Cell]]]:
        book: Any = self.wb
        convert = _Cells(
            self.shared_strings, book._date_formats, book._timedelta_formats, book.epoch
        )

        def rows() -> Iterator[list[Cell]]:
            with zipfile.ZipFile(self.path) as archive, archive.open(part) as file:
                yield from _placed(file, convert)

        return rows


def tables(path: Path) -> list[Table]:
    """The worksheets of an .xlsx. openpyxl raises whatever it likes; the caller turns it into a WorkbookError."""
    with path.open("rb") as file:  # an open file, for of a path openpyxl looks at the ending
        book = _Book(file, read_only=True, data_only=True, keep_links=False)
        book.path = path
        book.read()
    return book.tables


class _Cells:
    """Turns `<c>` into a value."""

    def __init__(self, strings: list[str], dates: set[int], spans: set[int], epoch: Any) -> None:
        self._strings = strings
        self._dates = dates
        self._spans = spans
        self._epoch = epoch

    def value(self, cell: etree._Element) -> Cell:
        kind = cell.get("t")
        if kind == "inlineStr":
            inline = cell.find(_INLINE)
            return None if inline is None else _text(inline) or None
        raw = cell.findtext(_VALUE)
        if raw is None:
            return None
        if kind == "s":
            return self._strings[int(raw)] or None
        if kind is None or kind == "n":
            return self._number(raw, cell.get("s"))
        return _other(kind, raw)

    def _number(self, raw: str, style: str | None) -> Cell:
        if not raw.strip():
            return None
        value = float(raw) if not raw.lstrip("-").isdigit() else int(raw)
        if style and int(style) in self._dates:
            try:
                return date(from_excel(value, self._epoch, timedelta=int(style) in self._spans))
            except (OverflowError, ValueError):
                return {"e": "#VALUE!"}
        return number(value) if isinstance(value, float) else value


def _other(kind: str, raw: str) -> Cell:
    if kind == "b":
        return raw.strip() in ("1", "true")
    if kind == "e":
        return {"e": raw}
    if kind == "d":
        return date(cast("Any", from_ISO8601)(raw))
    return raw or None


def _text(element: etree._Element) -> str:
    """The text of a string item: plain, or in runs; readings (`rPh`) left out."""
    first = element[0] if len(element) else None
    if first is not None and len(element) == 1 and first.tag == _TEXT:
        found = first.text or ""
    else:
        found = "".join(
            (child.text if child.tag == _TEXT else child.findtext(_TEXT)) or ""
            for child in element
            if child.tag in (_TEXT, _RUN)
        )
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), found) if "_x" in found else found


def _placed(file: IO[bytes], cells: _Cells) -> Iterator[list[Cell]]:
    """Rows with every cell at its place, and empty rows where the file leaves them out."""
    columns: dict[str, int] = {}
    index = written = 0
    for element in elements(file, _ROW):
        before, index = index, int(float(element.get("r") or index + 1))
        if not before < index <= ROWS:
            raise WorkbookError("corrupt", cause="row number")
        if row := _row(element, cells.value, columns):
            for _ in range(written + 1, index):
                yield []
            yield row
            written = index


def _row(
    element: etree._Element, value: Callable[[etree._Element], Cell], columns: dict[str, int]
) -> list[Cell]:
    row: list[Cell] = []
    for cell in element.iterchildren(_CELL):
        if reference := cell.get("r"):
            letters = reference.rstrip("0123456789")
            if letters not in columns:
                columns[letters] = _column(letters)
            place = columns[letters]
            if place < len(row):
                raise WorkbookError("corrupt", cause="cell reference")
            if place > len(row):
                row.extend([None] * (place - len(row)))
        row.append(value(cell))
    while row and row[-1] is None:
        row.pop()
    return row


def _column(letters: str) -> int:
    """A is 0, XFD is 16,383."""
    found = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise WorkbookError("corrupt", cause="cell reference")
        found = found * 26 + ord(letter) - 64
        if found > COLUMNS:
            raise WorkbookError("corrupt", cause="cell reference")
    return found - 1
