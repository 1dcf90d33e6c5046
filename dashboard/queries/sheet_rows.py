"""The sheets of a report's file, cell by cell, as the file has them.

The original is the file itself. The stored form is a compact copy of its cells, from which pages
are read. The code counts rows and columns from 0, the pages count rows from 1.
"""

import logging
from typing import NamedTuple, TypedDict

from django.core.paginator import Page

from dashboard.archive import stored_forms
from dashboard.models import Report, Sheet
from dashboard.queries.paging import CountedRows, paginate
from dashboard.workbook import Cell, StoredForm, WorkbookError

ROWS_PER_SHEET_PAGE = 100
logger = logging.getLogger(__name__)


class SheetCell(TypedDict):
    """A cell as text; the page aligns numbers to the right.

    It is a dictionary because templates look up keys faster than attributes, and a page has many
    cells.
    """

    text: str
    is_number: bool


class SheetRow(NamedTuple):
    """A row of a sheet with its number in the file, from 1."""

    number: int
    is_header: bool
    cells: list[SheetCell]


class SheetPage(NamedTuple):
    """One page of the rows of a sheet, and the headings of the sheet's columns."""

    headings: list[str]
    page: Page[SheetRow]


def load_sheet_page(report: Report, sheet: Sheet, page_number: int) -> SheetPage | None:
    """Return one page of a sheet; None if neither the stored form nor the original can be read."""
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
                headings=load_headings(stored_form, sheet.number),
                page=paginate(rows, page_number, ROWS_PER_SHEET_PAGE),
            )
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return None


def build_sheet_row(index: int, row: list[Cell], is_header: bool) -> SheetRow:
    """Return a row for a page; `index` counts from 0, the number of the row from 1."""
    cells = [
        SheetCell(
            text=format_cell(cell),
            # In Python, bool is a subclass of int.
            is_number=isinstance(cell, int | float) and not isinstance(cell, bool),
        )
        for cell in row
    ]
    return SheetRow(number=index + 1, is_header=is_header, cells=cells)


def load_headings(stored_form: StoredForm, sheet_number: int) -> list[str]:
    """Return the headings of a sheet's columns; a column without a heading gets its letters.

    A long table continues on further sheets that have no header row. Such a sheet has the headings
    of the last sheet before it that has the same role and a header row.
    """
    sheets = stored_form.contents.sheets
    sheet = sheets[sheet_number]
    headings: list[str] = []
    sheets_with_header = [
        earlier
        for earlier in sheets[: sheet_number + 1]
        if earlier.role == sheet.role and earlier.header_row is not None
    ]
    if sheet.role and sheets_with_header:
        header_sheet = sheets_with_header[-1]
        index = header_sheet.header_row or 0
        header_cells = stored_form.read_rows(header_sheet.number, index, index + 1)[0]
        headings = [format_cell(cell) for cell in header_cells]
    headings += [""] * sheet.columns
    return [
        heading or column_letters(column)
        for column, heading in enumerate(headings[: sheet.columns])
    ]


def format_cell(cell: Cell) -> str:
    """Return a cell as text, with all spaces and line breaks; an empty cell gives ""."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, dict):
        # The only key is "d" if the value is a date; the value is an error code otherwise.
        (text,) = cell.values()
        return text.replace("T", " ") if "d" in cell else text
    return str(cell)


def column_letters(column: int) -> str:
    """Return the letters of a spreadsheet column, counted from 0: A, B, ... Z, AA, AB."""
    letters = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
