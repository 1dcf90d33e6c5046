"""Write a table as csv, json or xlsx, with all rows, so that no text is run as a formula.

An .xlsx has a separate sheet that says where the rows come from, and a .json has the same facts
before its rows. A .csv has only the rows, so that any program can read it; where the report's file
has remarks, a last column says how many.
"""

import csv
import io
import json
import tempfile
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from dashboard.exports.tables import Cells, ExportTable
from dashboard.exports.xlsx_writer import write_xlsx
from dashboard.text.formatting import format_time
from dashboard.workbook.inert_texts import make_text_inert


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
    remarks = table.remark_sheet
    writer.writerow(table.headings + ([remarks.title] if remarks else []))
    last_cells = (remarks.summary,) if remarks else ()
    for group in table.groups:
        rows = table.convert_times(table.label_rows(group.rows), format_time)
        writer.writerows(neutralize_formulas(row + last_cells) for row in rows)
    text.detach()


def neutralize_formulas(row: Cells) -> list[Any]:
    """Return the row with a "'" before each text that a spreadsheet might run as a formula.

    Numbers stay unchanged.
    """
    return [make_text_inert(cell) if isinstance(cell, str) else cell for cell in row]


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
