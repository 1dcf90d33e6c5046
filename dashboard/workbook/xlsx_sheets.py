"""Read the rows of a sheet of .xlsx from its XML.

The `<dimension>` of a sheet is ignored: a wrong one would drop rows. Each row has a number and each
cell a reference such as "B7". What is odd about them is a remark, and no row is lost.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from lxml import etree
from openpyxl.utils import get_column_letter

from .cells import Cell, MergedRange, drop_empty_end, fill_row_gaps
from .errors import WorkbookError
from .hidden_parts import HiddenParts, is_zero
from .remarks import RemarkCode, RemarkCollector
from .text_encoding import REPLACEMENT
from .xlsx_cells import CellConverter, CellTags, UnreadableCellError, build_cell_tags
from .xlsx_layout import SheetLayout, parse_column_letters, parse_row_number, read_layout
from .xlsx_package import open_package
from .xml_repair import read_repaired_elements

_TRUE = ("1", "true", "on")
_CELL_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d*)", re.ASCII)


class CellFault(NamedTuple):
    """What is odd about a cell: the remark on it, and the letters of its column if they matter."""

    code: RemarkCode
    column: str = ""


class XlsxRow(NamedTuple):
    """A row as it stands in the file; `number` counts from 1 and is None if it is not valid."""

    number: int | None
    cells: list[Cell]
    faults: list[CellFault]
    is_hidden: bool


class XlsxSheet:
    """A sheet that has cells; `part` is its part, `prefix` the namespace prefix of its XML."""

    def __init__(self, path: Path, part: str, prefix: str | None, converter: CellConverter) -> None:
        self.remarks = RemarkCollector()
        self._path = path
        self._part = part
        self._prefix = prefix
        self._converter = converter
        self._is_cut = False

    def list_merged_ranges(self) -> list[MergedRange]:
        """Return the merged cells."""
        return self._sheet_layout.merged_ranges

    def read_rows(self) -> Iterator[list[Cell]]:
        """Yield the rows in the order of their numbers, with empty rows for missing numbers."""
        hidden = HiddenParts()
        rows: Iterable[XlsxRow] = self._read_row_elements(hidden)
        if not self._sheet_layout.has_ordered_rows:
            rows = _sort_rows(rows)
        yield from fill_row_gaps(self._number_rows(rows, hidden))

    @cached_property
    def _sheet_layout(self) -> SheetLayout:
        try:
            with open_package(self._path) as package, package.open_part(self._part) as file:
                return read_layout(file, self._prefix)
        except WorkbookError:  # the rows before the damage can be read
            return SheetLayout([], has_ordered_rows=False)

    def _read_row_elements(self, hidden: HiddenParts) -> Iterator[XlsxRow]:
        """Yield each row that has cells, and add hidden columns to `hidden`."""
        reader = _RowReader(self._converter)
        with open_package(self._path) as package:
            open_sheet = partial(package.open_part, self._part)
            elements = read_repaired_elements(open_sheet, "{*}row", "{*}col")
            for element, is_repaired in self._stop_at_damage(elements):
                if etree.QName(element).localname == "col":
                    _add_hidden_columns(hidden, element)
                    continue
                row = reader.read_row(element)
                if is_repaired or self._converter.has_lost_characters:
                    _add_lost_characters(row)
                if row.cells or row.faults:
                    yield row

    def _stop_at_damage(
        self, elements: Iterator[tuple[etree._Element, bool]]
    ) -> Iterator[tuple[etree._Element, bool]]:
        """Yield the elements up to the first that cannot be read, and remember whether one cannot.

        Raise WorkbookError only for what may be an attack.
        """
        try:
            yield from elements
        except WorkbookError as error:
            if error.code == "bomb":
                raise
            self._is_cut = True

    def _number_rows(
        self, rows: Iterable[XlsxRow], hidden: HiddenParts
    ) -> Iterator[tuple[int, list[Cell]]]:
        """Yield (number from 1, cells) of each row; remark what is odd and what is hidden."""
        previous_number = 0
        for number, cells, faults, is_hidden in rows:
            if number is None or number <= previous_number:
                number = previous_number + 1
                self.remarks.add("rows_misnumbered", number - 1)
            for code, column in faults:
                facts = {"column": column} if column else {}
                self.remarks.add(code, number - 1, **facts)
            hidden.add_row(number - 1, len(cells), is_hidden=is_hidden)
            yield number, cells
            previous_number = number
        hidden.add_remark(self.remarks)
        if self._is_cut:
            self._add_damage_remark(previous_number)

    def _add_damage_remark(self, last_number: int) -> None:
        if last_number:
            self.remarks.add("sheet_cut", last_number - 1)
        else:
            self.remarks.add("sheet_unread")


class _RowReader:
    """Reads the `<row>` elements of one sheet."""

    def __init__(self, converter: CellConverter) -> None:
        self._converter = converter
        self._previous_number = 0
        self._column_of_letters: dict[str, int] = {}
        self._row_tag = ""
        self._tags = build_cell_tags("")

    def read_row(self, element: etree._Element) -> XlsxRow:
        """Return a row. A row without a number follows the row before it."""
        if element.tag != self._row_tag:
            self._row_tag = str(element.tag)
            self._tags = build_cell_tags(self._row_tag.removesuffix("row"))
        number = parse_row_number(element.get("r") or "")
        if number is None:
            number = _find_row_number(element, self._tags)
            if number is None and element.get("r") is None:
                number = self._previous_number + 1
        self._previous_number = number or self._previous_number + 1
        faults: list[CellFault] = []
        cells = self._read_cells(element, str(number or ""), faults)
        is_hidden = element.get("hidden") in _TRUE or is_zero(element.get("ht"))
        return XlsxRow(number, cells, faults, is_hidden)

    def _read_cells(
        self, element: etree._Element, row_number: str, faults: list[CellFault]
    ) -> list[Cell]:
        """Return the cells of a row, and add what is odd to `faults`.

        A cell without a reference follows the cell before.
        """
        row: list[Cell] = []
        tags = self._tags
        convert = self._converter.convert
        column_of_letters = self._column_of_letters
        for cell in element.iterchildren(tags.cell):
            reference = cell.get("r")
            column = len(row)
            if reference:
                letters = reference.removesuffix(row_number)
                known_column = column_of_letters.get(letters)
                if known_column is None:
                    known_column = self._parse_reference(reference, row_number, faults)
                if known_column is None:
                    continue
                column = known_column
            try:
                value = convert(cell, tags)
            except UnreadableCellError:
                faults.append(CellFault("cells_unreadable", get_column_letter(column + 1)))
                value = None
            if column == len(row):
                row.append(value)
            else:
                _place_cell(row, column, value, faults)
        return drop_empty_end(row)

    def _parse_reference(
        self, reference: str, row_number: str, faults: list[CellFault]
    ) -> int | None:
        """Return the column of a reference that is not known yet; None if it is not valid."""
        match = _CELL_REFERENCE.fullmatch(reference.strip())
        column = parse_column_letters(match[1]) if match else None
        if match is None or column is None:
            faults.append(CellFault("cells_unplaced"))
            return None
        if row_number and match[2] not in ("", row_number):
            faults.append(CellFault("cells_misplaced"))
        elif reference == match[1] + row_number:
            self._column_of_letters[match[1]] = column
        return column


def _place_cell(row: list[Cell], column: int, value: Cell, faults: list[CellFault]) -> None:
    """Put a cell into its column of a row; keep the first one if two have the same column."""
    if column > len(row):
        row.extend([None] * (column - len(row)))
        row.append(value)
    elif row[column] is None:
        row[column] = value
    elif value is not None:
        faults.append(CellFault("cells_unplaced", get_column_letter(column + 1)))


def _find_row_number(element: etree._Element, tags: CellTags) -> int | None:
    """Return the number of a row that the reference of its first cell states, if any."""
    cell = element.find(tags.cell)
    match = _CELL_REFERENCE.fullmatch((cell.get("r") or "") if cell is not None else "")
    return parse_row_number(match[2]) if match else None


def _sort_rows(rows: Iterable[XlsxRow]) -> Iterator[XlsxRow]:
    """Yield the rows in the order of their numbers; those that repeat a number come last."""
    row_of_number: dict[int, XlsxRow] = {}
    other_rows: list[XlsxRow] = []
    for row in rows:
        if row.number is None or row.number in row_of_number:
            other_rows.append(row)
        else:
            row_of_number[row.number] = row
    for number in sorted(row_of_number):
        yield row_of_number[number]
    yield from other_rows


def _add_lost_characters(row: XlsxRow) -> None:
    """Remember whether a text of the row has characters that are none."""
    if any(isinstance(cell, str) and REPLACEMENT in cell for cell in row.cells):
        row.faults.append(CellFault("characters_lost"))


def _add_hidden_columns(hidden: HiddenParts, element: etree._Element) -> None:
    """Remember the columns of a `<col>` element if they are hidden."""
    if element.get("hidden") in _TRUE or is_zero(element.get("width")):
        first, last = element.get("min") or "", element.get("max") or ""
        if first.isdigit() and last.isdigit():
            hidden.add_columns(int(first) - 1, int(last) - 1)
