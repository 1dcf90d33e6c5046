"""The values of cells: how JSON stores them, and how a spreadsheet shows them."""

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .errors import WorkbookError
from .limits import XLSX_ROWS
from .remarks import RemarkCollector

# A text is str, a number int or float, an empty cell None.
# A date is {"d": ISO 8601}, an error {"e": "#N/A"}.
Cell = str | int | float | bool | dict[str, str] | None


class MergedRange(NamedTuple):
    """The first and the last row and column of a merged cell, all from 0."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True, slots=True)
class SourceSheet:
    """A sheet of a file, before anything is known about its meaning.

    Each call of `read_rows` yields all rows again. A row leaves out its empty cells at the end; a
    merged cell has its value in the first cell that it covers. `list_merged_ranges` returns the
    merged cells. Reading adds to `remarks` what is odd; a row that is read again adds the same.
    `is_readable` is false for a sheet that the workbook names but that could not be read: it has no
    rows, and a remark says why. Cells may share texts: `longest_shared_text` is the size of the
    longest of them.
    """

    name: str
    hidden: bool
    read_rows: Callable[[], Iterator[list[Cell]]]
    list_merged_ranges: Callable[[], list[MergedRange]] = list
    remarks: RemarkCollector = field(default_factory=RemarkCollector)
    is_readable: bool = True
    longest_shared_text: int = 0


def number_to_cell(value: float) -> Cell:
    """Return the cell of a number: 3.0 becomes 3, infinity and NaN become an error cell."""
    if not math.isfinite(value):
        return {"e": "#NUM!"}
    return int(value) if value.is_integer() else value


def date_to_cell(value: object) -> Cell:
    """Return a date cell for a date or a datetime, and text for a time of day or a duration."""
    if isinstance(value, (dt.datetime, dt.date)):
        return {"d": value.isoformat()}
    return str(value)


def cell_to_text(cell: object) -> str:
    """Return the text that a cell shows, without spaces at both ends and without NUL.

    Return "" for an empty cell.
    """
    if isinstance(cell, str):
        return cell.replace("\0", "").strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dict):
        (text,) = cell.values()  # a date or an error, see Cell
        return str(text)
    return str(cell)


def normalise_identifier(value: str) -> str:
    """Return an identifier without differences of case, width (NFKC) and spaces at both ends.

    Two spellings of the same identifier become equal.
    """
    if value.isascii():
        return value.lower()
    return unicodedata.normalize("NFKC", value).strip().casefold()


def drop_empty_end(row: list[Cell]) -> list[Cell]:
    """Remove the empty cells at the end of a row, and return the row."""
    while row and row[-1] is None:
        row.pop()
    return row


def fill_row_gaps(numbered_rows: Iterable[tuple[int, list[Cell]]]) -> Iterator[list[Cell]]:
    """Yield the rows in order, with an empty row for each row number that is missing.

    Row numbers begin at 1. Empty rows at the end are dropped. Raise WorkbookError if the numbers do
    not ascend or are too large.
    """
    previous_number = yielded_number = 0
    for number, row in numbered_rows:
        if not previous_number < number <= XLSX_ROWS:
            raise WorkbookError("corrupt", cause="row number")
        previous_number = number
        if row:
            for _ in range(yielded_number + 1, number):
                yield []
            yield row
            yielded_number = number
