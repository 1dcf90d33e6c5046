"""Read .xlsx files (OOXML): openpyxl reads the workbook and its styles, this module the cells.

openpyxl's own reading of cells takes more than twice the time. It also uses the `<dimension>` of a
sheet: it reads a sheet without one twice, and drops rows without an error if it is wrong. This
module ignores it. docs/decisions/readers.md says why no other library reads the cells.
"""

import re
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from lxml import etree
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from .cells import (
    Cell,
    SourceSheet,
    date_to_cell,
    drop_empty_end,
    fill_row_gaps,
    number_to_cell,
)
from .errors import WorkbookError
from .limits import XLSX_COLUMNS
from .remarks import RemarkCollector
from .xml_elements import read_elements

_ROW, _CELL, _VALUE, _INLINE_STRING, _TEXT, _RUN, _SHARED_STRING = (
    f"{{{SHEET_MAIN_NS}}}{name}" for name in ("row", "c", "v", "is", "t", "r", "si")
)
_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how OOXML writes a control character


class _WorkbookReader(ExcelReader):
    """openpyxl's reader, whose methods for shared strings and worksheets are replaced."""

    path: Path
    sheets: list[SourceSheet]

    def read_strings(self) -> None:
        """Read the table of texts to which cells refer by number; openpyxl calls this."""
        part = cast("Any", self.package).find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as file:
                self.shared_strings = [
                    _read_string_item(element) for element in read_elements(file, _SHARED_STRING)
                ]

    def read_worksheets(self) -> None:
        """Set `sheets`, without reading any rows yet; openpyxl calls this."""
        book: Any = self.wb
        converter = _CellConverter(
            self.shared_strings, book._date_formats, book._timedelta_formats, book.epoch
        )
        self.sheets = [
            SourceSheet(
                sheet.name,
                sheet.state != "visible",
                partial(_read_xlsx_rows, self.path, relation.target, converter),
            )
            for sheet, relation in self.parser.find_sheets()
            if relation.target in self.valid_files and relation.Type.endswith("/worksheet")
        ]


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return the worksheets of an .xlsx file. Raise WorkbookError, or any error of openpyxl."""
    with path.open("rb") as file:  # openpyxl refuses a path that does not end in .xlsx
        reader = _WorkbookReader(file, read_only=True, data_only=True, keep_links=False)
        reader.path = path
        reader.read()
    return reader.sheets


class _CellConverter:
    """Converts `<c>` elements of one workbook to cells.

    `date_formats` are the numbers of the cell formats that show dates or durations, and
    `duration_formats` those that show durations. Dates are days since `epoch`.
    """

    def __init__(
        self, strings: list[str], date_formats: set[int], duration_formats: set[int], epoch: Any
    ) -> None:
        self._strings = strings
        self._date_formats = date_formats
        self._duration_formats = duration_formats
        self._epoch = epoch

    def convert(self, cell: etree._Element) -> Cell:
        """Return the value of a `<c>` element; None if it is empty."""
        cell_type = cell.get("t")
        if cell_type == "inlineStr":
            inline_string = cell.find(_INLINE_STRING)
            return None if inline_string is None else _read_string_item(inline_string) or None
        value = cell.findtext(_VALUE)
        if value is None:
            return None
        if cell_type == "s":
            return self._strings[int(value)] or None
        if cell_type is None or cell_type == "n":
            return self._convert_number(value, cell.get("s"))
        return _convert_typed_value(cell_type, value)

    def _convert_number(self, value: str, cell_format: str | None) -> Cell:
        """Return a number, or a date or duration if the cell's format shows one."""
        if not value.strip():
            return None
        number = int(value) if value.lstrip("-").isdigit() else float(value)
        if cell_format and int(cell_format) in self._date_formats:
            is_duration = int(cell_format) in self._duration_formats
            try:
                return date_to_cell(from_excel(number, self._epoch, timedelta=is_duration))
            except (OverflowError, ValueError):
                return {"e": "#VALUE!"}
        return number_to_cell(number) if isinstance(number, float) else number


def _convert_typed_value(cell_type: str, value: str) -> Cell:
    """Return a boolean (b), an error (e), a date (d), or for any other type the text."""
    match cell_type:
        case "b":
            return value.strip() in ("1", "true")
        case "e":
            return {"e": value}
        case "d":
            return date_to_cell(cast("Any", from_ISO8601)(value))
    return value or None


def _read_string_item(element: etree._Element) -> str:
    """Return the text of a string item, without phonetic readings (`rPh`).

    The text is one element, or several runs: parts with different formats.
    """
    if len(element) == 1 and element[0].tag == _TEXT:
        text = element[0].text or ""
    else:
        text = "".join(
            (child.text if child.tag == _TEXT else child.findtext(_TEXT)) or ""
            for child in element
            if child.tag in (_TEXT, _RUN)
        )
    if "_x" not in text:
        return text
    return _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)


def _read_xlsx_rows(path: Path, part: str, converter: _CellConverter) -> Iterator[list[Cell]]:
    with zipfile.ZipFile(path) as archive, archive.open(part) as file:
        yield from fill_row_gaps(_read_numbered_elements(file, converter))


def _read_numbered_elements(
    file: IO[bytes], converter: _CellConverter
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (row number from 1, cells) of each `<row>` element."""
    column_of_letters: dict[str, int] = {}
    row_number = 0
    for element in read_elements(file, _ROW):
        # A row without a number follows the row before. Some programs write numbers such as "1.0".
        row_number = int(float(element.get("r") or row_number + 1))
        yield row_number, _read_row_element(element, converter, column_of_letters)


def _read_row_element(
    element: etree._Element, converter: _CellConverter, column_of_letters: dict[str, int]
) -> list[Cell]:
    """Return the cells of a `<row>`.

    A reference such as "B7" gives the column of a cell; `column_of_letters` caches the column of
    its letters. A cell without a reference follows the cell before.
    """
    row: list[Cell] = []
    for cell in element.iterchildren(_CELL):
        if reference := cell.get("r"):
            letters = reference.rstrip("0123456789")
            if letters not in column_of_letters:
                column_of_letters[letters] = _parse_column_letters(letters)
            column = column_of_letters[letters]
            if column < len(row):
                raise WorkbookError("corrupt", cause="cell reference")
            if column > len(row):
                row.extend([None] * (column - len(row)))
        row.append(converter.convert(cell))
    return drop_empty_end(row)


def _parse_column_letters(letters: str) -> int:
    """Return the column index of letters: 0 for A, 16,383 for XFD, the last column.

    Raise WorkbookError for any other text.
    """
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise WorkbookError("corrupt", cause="cell reference")
        number = number * 26 + ord(letter) - ord("A") + 1
        if number > XLSX_COLUMNS:
            raise WorkbookError("corrupt", cause="cell reference")
    return number - 1
