"""BIFF .xls through xlrd."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import xlrd
from xlrd import xldate
from xlrd.biffh import XLRDError, error_text_from_code

from . import biff
from .cells import Cell, Table, date, number
from .errors import WorkbookError

_BIFF8 = 80


def tables(path: Path) -> list[Table]:
    """The sheets of a BIFF file. xlrd raises whatever it likes; the caller turns it into a WorkbookError."""
    with Path(os.devnull).open("w") as nowhere:
        try:
            book: Any = xlrd.open_workbook(str(path), logfile=nowhere, on_demand=True)
        except XLRDError as fault:
            if "encrypted" in str(fault).lower():
                raise WorkbookError("encrypted") from fault
            raise
        strings = [string or None for string in getattr(book, "_sharedstrings", ())]
        return [
            Table(name, book._sheet_visibility[at] != 0, _starting_anew(_rows(book, at, strings)))
            for at, name in enumerate(book.sheet_names())
        ]


def _starting_anew(rows: list[list[Cell]]) -> Callable[[], Iterator[list[Cell]]]:
    return lambda: iter(rows)


def _rows(book: Any, at: int, strings: list[str | None]) -> list[list[Cell]]:
    kinds: dict[int, int] = book._xf_index_to_xl_type_map

    def convert(value: float, style: int) -> Cell:
        return _cell(kinds[style], value, book.datemode)

    if book.biff_version == _BIFF8:
        start: int = book._sh_abs_posn[at]
        plain = biff.rows(
            book.mem,
            start + 4 + int.from_bytes(book.mem[start + 2 : start + 4], "little"),
            strings,
            convert,
        )
        if plain is not None:
            return plain
    sheet = book.sheet_by_index(at)
    found = [
        [_cell(kind, value, book.datemode) for kind, value in zip(kinds_of_row, row, strict=True)]
        for kinds_of_row, row in zip(sheet._cell_types, sheet._cell_values, strict=True)
    ]
    if book.on_demand:
        book.unload_sheet(at)
    return found


def _cell(kind: int, value: Cell, datemode: int) -> Cell:
    if kind == xlrd.XL_CELL_TEXT:
        return value or None
    if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return {"e": error_text_from_code.get(cast("int", value), "#N/A")}
    if kind == xlrd.XL_CELL_DATE and isinstance(value, float):
        try:
            return date(xldate.xldate_as_datetime(value, 1 if datemode else 0))
        except (xldate.XLDateError, ValueError, OverflowError):
            return number(value)
    return number(value) if isinstance(value, float) else value
