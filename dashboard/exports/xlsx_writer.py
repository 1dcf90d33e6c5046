"""Write a table as .xlsx: a sheet for each group of rows, one about the table, one of remarks.

What exceeds a limit of Excel goes to another sheet (rows) or is cut (texts), and the sheet about
the table says so.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from dashboard.exports.tables import AboutSheet, Cells, ExportTable, RemarkSheet
from dashboard.exports.xlsx_texts import XLSX_CELL_UNITS, clean_xlsx_text
from dashboard.workbook.limits import XLSX_ROWS

XLSX_TITLE_LIMIT = 31  # characters
BOLD = Font(bold=True)
LEFT_ALIGNED = Alignment(horizontal="left", vertical="top", wrap_text=True)


def write_xlsx(table: ExportTable, file: IO[bytes]) -> None:
    """Write a workbook with the sheets of a table."""
    writer = XlsxWriter(table)
    writer.add_sheets()
    writer.save(file)


class XlsxWriter:
    """Writes the sheets of one table and counts the cells whose text was too long for Excel."""

    def __init__(self, table: ExportTable, rows_per_sheet: int = XLSX_ROWS) -> None:
        self.table = table
        self.rows_per_sheet = rows_per_sheet  # with the row of headings
        self.cut_count = 0
        self.workbook = Workbook(write_only=True)

    def save(self, file: IO[bytes]) -> None:
        self.workbook.save(file)

    def add_sheets(self) -> None:
        """Add all sheets. The sheet about the table is written last: it says what was cut."""
        table = self.table
        for group in table.groups:
            rows = table.convert_times(table.label_rows(group.rows), make_local_time)
            self.add_row_sheets(group.title, rows)
        place = 0 if table.about.is_first else None
        about = self.workbook.create_sheet(table.about.title, place)
        if table.remark_sheet:
            self.add_remark_sheet(table.remark_sheet)
        self.fill_about_sheet(about, table.about)

    def add_row_sheets(self, title: str, rows: Iterable[Cells]) -> None:
        """Add a sheet with rows; rows beyond Excel's limit continue on further sheets."""
        remaining_rows: Iterator[Cells] = iter(rows)
        number = 1
        while self.add_rows_sheet(title, number, remaining_rows) == self.rows_per_sheet:
            number += 1
            first_row = next(remaining_rows, None)
            if first_row is None:
                return
            remaining_rows = chain([first_row], remaining_rows)

    def add_rows_sheet(self, title: str, number: int, rows: Iterable[Cells]) -> int:
        """Add a sheet with as many rows as it may have; return their number with the headings.

        The row of headings is frozen and has filters.
        """
        suffix = f" ({number})" if number > 1 else ""
        sheet = self.workbook.create_sheet(title[: XLSX_TITLE_LIMIT - len(suffix)] + suffix)
        sheet.freeze_panes = "A2"
        headings = self.table.xlsx_headings
        for column, heading in enumerate(headings, 1):
            width = max(12, min(40, 2 * len(heading)))
            sheet.column_dimensions[get_column_letter(column)].width = width
        self.append_headings(sheet, headings)
        last_row = 1
        for row in islice(rows, self.rows_per_sheet - 1):
            sheet.append([self.make_text_cell(sheet, cell) for cell in row])
            last_row += 1
        last_column = get_column_letter(max(1, len(headings)))
        sheet.auto_filter.ref = f"A1:{last_column}{last_row}"
        return last_row

    def add_remark_sheet(self, remarks: RemarkSheet) -> None:
        """Add the sheet that lists the remarks on the report's file."""
        sheet = self.workbook.create_sheet(remarks.title)
        sheet.freeze_panes = "A2"
        for letter in "ABCDE":
            sheet.column_dimensions[letter].width = 30
        self.append_headings(sheet, remarks.headings)
        for row in remarks.rows:
            sheet.append([self.make_text_cell(sheet, cell) for cell in row])

    def fill_about_sheet(self, sheet: Any, about: AboutSheet) -> None:
        """Say where the rows come from and what was cut: a name and a value in each row."""
        sheet.column_dimensions["A"].width = 40
        sheet.column_dimensions["B"].width = 80
        facts = list(about.xlsx_facts)
        if self.cut_count:
            facts.append((_("Note"), describe_cut_cells(self.cut_count)))
        for name, value in facts:
            cell = self.make_fact_cell(sheet, value)
            sheet.append([self.make_bold_cell(sheet, name), cell])

    def append_headings(self, sheet: Any, headings: Iterable[str]) -> None:
        sheet.append([self.make_bold_cell(sheet, heading) for heading in headings])

    def make_fact_cell(self, sheet: Any, value: Any) -> Any:
        """Return a cell at the left, for numbers and dates would stand far from their names."""
        content = make_local_time(value) if isinstance(value, dt.datetime) else value
        cell = self.make_text_cell(sheet, content)
        if not isinstance(cell, Cell):
            cell = WriteOnlyCell(sheet, cell)
        cell.alignment = LEFT_ALIGNED
        return cell

    def make_text_cell(self, sheet: Any, cell: Any) -> Any:
        """Return a value for a sheet, so that a text stays a text and never becomes a formula.

        A value that is not a text is returned unchanged.
        """
        if not isinstance(cell, str):
            return cell
        text, is_cut = clean_xlsx_text(cell)
        self.cut_count += is_cut
        if text[:1] != "=" and text not in ERROR_CODES:
            return text
        # openpyxl would write such a text as a formula or an error; "s" marks it as a string.
        text_cell = WriteOnlyCell(sheet, text)
        text_cell.data_type = "s"
        return text_cell

    def make_bold_cell(self, sheet: Any, text: str) -> Any:
        bold_cell = WriteOnlyCell(sheet, clean_xlsx_text(text)[0])
        bold_cell.data_type = "s"
        bold_cell.font = BOLD
        return bold_cell


def describe_cut_cells(count: int) -> str:
    text = ngettext(
        "%(count)s cell was cut to the %(limit)s characters that Excel allows; the csv and json "
        "exports have it in full.",
        "%(count)s cells were cut to the %(limit)s characters that Excel allows; the csv and json "
        "exports have them in full.",
        count,
    )
    return text % {"count": count, "limit": f"{XLSX_CELL_UNITS:,}"}


def make_local_time(moment: dt.datetime) -> dt.datetime:
    """Return a time in the active zone as Excel stores one: to the second, without its zone."""
    return timezone.localtime(moment).replace(microsecond=0, tzinfo=None)
