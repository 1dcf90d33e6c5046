"""Write a table as csv, json or xlsx, with all rows, so that no text is run as a formula.

An .xlsx has a separate sheet that says where the rows come from, and a .json has the same facts
before its rows. A .csv has only the rows, so that any program can read it.
"""

import csv
import datetime as dt
import io
import json
import tempfile
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from dashboard.exports.tables import AboutSheet, Cells, ExportTable, RowGroup
from dashboard.text.formatting import format_time

# A spreadsheet reads a text that starts with one of these as a formula. The last four are the
# full-width characters of Chinese input.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
XLSX_CELL_LIMIT = 32_767  # characters
XLSX_TITLE_LIMIT = 31  # characters
BOLD = Font(bold=True)
LEFT_ALIGNED = Alignment(horizontal="left", vertical="top", wrap_text=True)


def write_to_temporary_file(
    table: ExportTable, write: Callable[[ExportTable, IO[bytes]], None]
) -> IO[bytes]:
    """Write a table to a temporary file, and return the file open at its start.

    `write` is the function of an ExportFormat. Closing the file deletes it.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the response that sends it closes it
    try:
        write(table, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def write_csv(table: ExportTable, file: IO[bytes]) -> None:
    """Write a table as CSV in UTF-8 with a byte order mark.

    Without the mark, a Chinese Excel reads the text as GBK.
    """
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(table.headings)
    for group in table.groups:
        rows = table.convert_times(table.label_rows(group.rows), format_time)
        writer.writerows(map(neutralize_formulas, rows))
    text.detach()


def neutralize_formulas(row: Cells) -> list[Any]:
    """Return the row with a "'" before each text that a spreadsheet would read as a formula.

    Numbers stay unchanged.
    """
    return [
        f"'{cell}" if isinstance(cell, str) and cell[:1] in FORMULA_STARTS else cell for cell in row
    ]


def write_json(table: ExportTable, file: IO[bytes]) -> None:
    """Write a table as one JSON object: its properties, and `rows`, each an object by column key.

    The rows are written one by one, so that a large table is never in memory as a whole.
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    text = io.TextIOWrapper(file, "utf-8", errors="replace")
    text.write("{\n")
    for name, value in table.json_properties.items():
        text.write(f"{encode(name)}: {encode(value)},\n")
    text.write('"rows": [')
    keys = [column.key for column in table.columns]
    separator = "\n"
    for group in table.groups:
        for row in table.convert_times(group.rows, format_time):
            text.write(separator + encode(dict(zip(keys, row, strict=True))))
            separator = ",\n"
    text.write("\n]}\n")
    text.detach()


def write_xlsx(table: ExportTable, file: IO[bytes]) -> None:
    """Write a workbook with a sheet for each group of rows and one about the table."""
    workbook = Workbook(write_only=True)
    if table.about.is_first:
        add_about_sheet(workbook, table.about)
    for group in table.groups:
        add_rows_sheet(workbook, table, group)
    if not table.about.is_first:
        add_about_sheet(workbook, table.about)
    workbook.save(file)


def add_rows_sheet(workbook: Workbook, table: ExportTable, group: RowGroup) -> None:
    """Add a sheet with the rows of a group; the row of headings is frozen and has filters."""
    sheet = workbook.create_sheet(group.title[:XLSX_TITLE_LIMIT])
    sheet.freeze_panes = "A2"
    headings = table.xlsx_headings
    for number, heading in enumerate(headings, 1):
        width = max(12, min(40, 2 * len(heading)))
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([make_bold_cell(sheet, heading) for heading in headings])
    last_row = 1
    for row in table.convert_times(table.label_rows(group.rows), make_local_time):
        sheet.append([make_text_cell(sheet, cell) for cell in row])
        last_row += 1
    last_column = get_column_letter(max(1, len(table.columns)))
    sheet.auto_filter.ref = f"A1:{last_column}{last_row}"


def make_local_time(moment: dt.datetime) -> dt.datetime:
    """Return a time in the active zone as Excel stores one: to the second, without its zone."""
    return timezone.localtime(moment).replace(microsecond=0, tzinfo=None)


def add_about_sheet(workbook: Workbook, about: AboutSheet) -> None:
    """Add the sheet that says where the rows come from: a name and a value in each row."""
    sheet = workbook.create_sheet(about.title)
    sheet.column_dimensions["A"].width = 40
    sheet.column_dimensions["B"].width = 80
    for name, value in about.xlsx_facts:
        cell = make_fact_cell(sheet, value)
        sheet.append([make_bold_cell(sheet, name), cell])


def make_fact_cell(sheet: Any, value: Any) -> Any:
    """Return a cell at the left, for numbers and dates would stand far from their names."""
    content = make_local_time(value) if isinstance(value, dt.datetime) else value
    cell = make_text_cell(sheet, content)
    if not isinstance(cell, Cell):
        cell = WriteOnlyCell(sheet, cell)
    cell.alignment = LEFT_ALIGNED
    return cell


def make_text_cell(sheet: Any, cell: Any) -> Any:
    """Return a value for a sheet, so that a text stays a text and never becomes a formula.

    Characters that XML forbids are replaced, and a text that is too long is cut. A value that is
    not a text is returned unchanged.
    """
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("�", cell)
    if len(text) > XLSX_CELL_LIMIT:
        text = text[: XLSX_CELL_LIMIT - 1] + "…"
    if text[:1] != "=" and text not in ERROR_CODES:
        return text
    # openpyxl would write such a text as a formula or an error; "s" marks it as a string.
    text_cell = WriteOnlyCell(sheet, text)
    text_cell.data_type = "s"
    return text_cell


def make_bold_cell(sheet: Any, text: str) -> Any:
    bold_cell = WriteOnlyCell(sheet, text)
    bold_cell.data_type = "s"
    bold_cell.font = BOLD
    return bold_cell


class ExportFormat(NamedTuple):
    """An export format: the function that writes it, its media type, and its label in a menu."""

    write: Callable[[ExportTable, IO[bytes]], None]
    content_type: str
    label: str


# By the suffix of the file name, which is the argument `kind` of the export URLs.
EXPORT_FORMATS = {
    "xlsx": ExportFormat(
        write_xlsx,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel (xlsx)",
    ),
    "csv": ExportFormat(write_csv, "text/csv; charset=utf-8", "CSV"),
    "json": ExportFormat(write_json, "application/json", "JSON"),
}
