"""A cell as JSON holds it, and as a person reads it."""

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Text is str, a number int or float, an empty cell None; a date is {"d": ISO 8601}, an error {"e": "#N/A"}.
Cell = str | int | float | bool | dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet as its file gives it. `rows` starts anew at each call; a row may be shorter than the sheet is wide."""

    name: str
    hidden: bool
    rows: Callable[[], Iterator[list[Cell]]]


def number(value: float) -> Cell:
    """A number as spreadsheets show it: 3.0 is 3, and what is no number is an error."""
    if not math.isfinite(value):
        return {"e": "#NUM!"}
    return int(value) if value.is_integer() else value


def date(value: object) -> Cell:
    """A date, a time of day or a span of time, as openpyxl and xlrd give them."""
    if isinstance(value, (dt.datetime, dt.date)):
        return {"d": value.isoformat()}
    return str(value)


def text(cell: object) -> str:
    """What a cell says, in one line of plain text; an empty one says nothing."""
    if isinstance(cell, str):
        return cell.replace("\0", "").strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dict):
        return str(next(iter(cell.values())))
    return str(cell)


def normal(value: str) -> str:
    """The form in which two identifiers are the same: NFKC, no outer spaces, no case."""
    return (
        value.lower()
        if value.isascii()
        else unicodedata.normalize("NFKC", value).strip().casefold()
    )
