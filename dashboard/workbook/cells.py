"""The values of cells: as JSON holds them, and as a person reads them."""

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .errors import WorkbookError
from .limits import XLSX_ROWS

# A text is str, a number int or float, an empty cell None.
# A date is {"d": ISO 8601}, an error {"e": "#N/A"}.
Cell = str | int | float | bool | dict[str, str] | None


@dataclass(frozen=True, slots=True)
class SourceSheet:
    """A sheet as its file gives it.

    Each call of `read_rows` begins at the first row. A row may be shorter than the sheet is wide.
    """

    name: str
    hidden: bool
    read_rows: Callable[[], Iterator[list[Cell]]]


def number_to_cell(value: float) -> Cell:
    """Return a number as spreadsheets show it: 3.0 is 3, and infinity is an error."""
    if not math.isfinite(value):
        return {"e": "#NUM!"}
    return int(value) if value.is_integer() else value


def date_to_cell(value: object) -> Cell:
    """Return a date or a datetime as a date cell, a time of day or a duration as text."""
    if isinstance(value, (dt.datetime, dt.date)):
        return {"d": value.isoformat()}
    return str(value)


def cell_to_text(cell: object) -> str:
    """Return what a cell shows, without outer spaces and NUL; "" for an empty one."""
    if isinstance(cell, str):
        return cell.replace("\0", "").strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dict):
        return str(next(iter(cell.values())))
    return str(cell)


def normalise_identifier(value: str) -> str:
    """Return the form in which equal identifiers are equal: NFKC, no outer spaces, no case."""
    if value.isascii():
        return value.lower()
    return unicodedata.normalize("NFKC", value).strip().casefold()


def drop_empty_end(row: list[Cell]) -> list[Cell]:
    """Remove the empty cells at the end of a row, and return the row."""
    while row and row[-1] is None:
        row.pop()
    return row


def fill_row_gaps(numbered_rows: Iterable[tuple[int, list[Cell]]]) -> Iterator[list[Cell]]:
    """Yield rows whose numbers begin at 1, and an empty row for each number that is left out.

    Empty rows at the end are dropped. Raises WorkbookError where numbers do not ascend.
    """
    previous_number = written = 0
    for number, row in numbered_rows:
        if not previous_number < number <= XLSX_ROWS:
            raise WorkbookError("corrupt", cause="row number")
        previous_number = number
        if row:
            for _ in range(written + 1, number):
                yield []
            yield row
            written = number
