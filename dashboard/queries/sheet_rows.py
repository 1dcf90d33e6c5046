"""The sheets of a report's file, cell by cell as they stand in it."""

import logging
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from django.core.paginator import Page

from dashboard.archive import stored_forms
from dashboard.models import Report, Sheet
from dashboard.queries.paging import CountedRows, paginate
from dashboard.workbook import Cell, StoredForm, WorkbookError

ROWS_PER_SHEET_PAGE = 100
logger = logging.getLogger(__name__)


class SheetCell(TypedDict):
    """A cell as text; numbers are aligned to the right.

    Templates find a key of a dictionary faster than an attribute, and a page has many cells.
    """

    text: str
    is_number: bool


class SheetRow(NamedTuple):
    """A row of a sheet with its number in the file, from 1."""

    number: int
    is_header: bool
    cells: list[SheetCell]


class SheetPage(NamedTuple):
    """A page of the rows of a sheet, and the headings of its columns."""

    headings: list[str]
    page: Page[SheetRow]


def load_sheet_page(report: Report, sheet: Sheet, page_number: int) -> SheetPage | None:
    """Return a page of a sheet; None if neither the stored form nor the original can be read."""
    try:
        with stored_forms.open_stored_form(report) as stored_form:

            def load_rows(start: int, stop: int) -> list[SheetRow]:
                rows = stored_form.read_rows(sheet.number, start, stop)
                return [
                    build_sheet_row(index, row, index == sheet.header_row)
                    for index, row in enumerate(rows, start)
                ]

            rows = CountedRows(sheet.rows, load_rows)
            return SheetPage(
                load_headings(stored_form, sheet.number),
                paginate(rows, page_number, ROWS_PER_SHEET_PAGE),
            )
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return None


def build_sheet_row(index: int, row: list[Cell], is_header: bool) -> SheetRow:
    """Return the row with this index, counted from 0."""
    cells = [
        SheetCell(
            text=format_cell(cell),
            is_number=isinstance(cell, int | float) and not isinstance(cell, bool),
        )
        for cell in row
    ]
    return SheetRow(index + 1, is_header, cells)


def load_headings(stored_form: StoredForm, sheet_number: int) -> list[str]:
    """Return the headings of a sheet's columns, or their letters where there is none.

    A sheet that continues another one has its headings in the last sheet before it with a header.
    """
    sheets = stored_form.contents.sheets
    sheet = sheets[sheet_number]
    headings: list[str] = []
    with_header = [
        earlier
        for earlier in sheets[: sheet_number + 1]
        if earlier.role == sheet.role and earlier.header_row is not None
    ]
    if sheet.role and with_header:
        index = with_header[-1].header_row or 0
        header_cells = stored_form.read_rows(with_header[-1].number, index, index + 1)[0]
        headings = [format_cell(cell) for cell in header_cells]
    headings += [""] * sheet.columns
    return [
        heading or column_letters(column)
        for column, heading in enumerate(headings[: sheet.columns])
    ]


@dataclass(frozen=True)
class SourceRow:
    """The row of the file that an evaluation was read from, and where it stands."""

    fields: list[tuple[str, str]]  # heading and text of each column
    sheet_number: int
    sheet_name: str
    row_number: int

    @property
    def page_number(self) -> int:
        """The page of the sheet that shows the row."""
        return (self.row_number - 1) // ROWS_PER_SHEET_PAGE + 1


def load_source_row(report: Report, key: int) -> SourceRow | None:
    """Return the row of the evaluation with this key; None if it cannot be read any more."""
    try:
        with stored_forms.open_stored_form(report) as stored_form:
            source = stored_form.find_evaluation(key)
            if source is None:
                return None
            headings = load_headings(stored_form, source.sheet)
            cells = stored_form.read_rows(source.sheet, source.row, source.row + 1)[0]
            texts = [format_cell(cell) for cell in cells]
            return SourceRow(
                list(zip(headings, texts, strict=False)),
                source.sheet,
                stored_form.contents.sheets[source.sheet].name,
                source.row + 1,
            )
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return None


def format_cell(cell: Cell) -> str:
    """Return a cell as it reads in the file, with all its spaces and lines."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, dict):  # a date under "d", or an error code
        text = next(iter(cell.values()))
        return text.replace("T", " ") if "d" in cell else text
    return str(cell)


def column_letters(column: int) -> str:
    """Return the letters by which a spreadsheet names a column, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
