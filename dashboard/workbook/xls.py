"""Read .xls files (BIFF) with xlrd, and plain sheets faster with biff_records."""

import os
from functools import partial
from pathlib import Path
from typing import Any, cast

import xlrd
from xlrd import xldate
from xlrd.biffh import XLRDError, error_text_from_code

from .biff_records import read_plain_sheet, skip_record
from .cells import Cell, SourceSheet, date_to_cell, number_to_cell
from .errors import WorkbookError
from .remarks import RemarkCollector

_BIFF8 = 80  # xlrd's number for the version


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return the sheets of an .xls file. Raise WorkbookError, or any error of xlrd."""
    with Path(os.devnull).open("w") as null_file:
        try:
            book: Any = xlrd.open_workbook(str(path), logfile=null_file, on_demand=True)
        except XLRDError as error:
            if "encrypted" in str(error).lower():
                raise WorkbookError("encrypted") from error
            raise
        strings = [string or None for string in getattr(book, "_sharedstrings", ())]
        sheets = []
        for index, name in enumerate(book.sheet_names()):
            rows = _read_plain_xls_rows(book, index, strings)
            if rows is None:
                rows = _read_xlrd_rows(book, index)
            is_hidden = book._sheet_visibility[index] != 0
            sheets.append(SourceSheet(name, is_hidden, partial(iter, rows)))
        return sheets


def _read_plain_xls_rows(
    book: Any, index: int, strings: list[str | None]
) -> list[list[Cell]] | None:
    """Return the rows of a sheet with only texts and numbers; None for any other sheet."""
    if book.biff_version != _BIFF8:
        return None
    type_of_format: dict[int, int] = book._xf_index_to_xl_type_map

    def convert_number(value: float, number_format: int) -> Cell:
        return _convert_xls_cell(type_of_format[number_format], value, book.datemode)

    first_record = skip_record(book.mem, book._sh_abs_posn[index])  # skip BOF
    return read_plain_sheet(book.mem, first_record, strings, convert_number)


def _read_xlrd_rows(book: Any, index: int) -> list[list[Cell]]:
    """Return the rows of any sheet, read by xlrd."""
    sheet = book.sheet_by_index(index)
    rows = [
        [
            _convert_xls_cell(cell_type, value, book.datemode)
            for cell_type, value in zip(row_types, row_values, strict=True)
        ]
        for row_types, row_values in zip(sheet._cell_types, sheet._cell_values, strict=True)
    ]
    if book.on_demand:
        book.unload_sheet(index)
    return rows


def _convert_xls_cell(cell_type: int, value: Cell, datemode: int) -> Cell:
    """Return the cell of a value that xlrd has read; `cell_type` is a type of xlrd.

    `datemode` is 1 if the dates of the workbook are days since 1904 instead of 1900.
    """
    if cell_type == xlrd.XL_CELL_TEXT:
        return value or None
    if cell_type in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if cell_type == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if cell_type == xlrd.XL_CELL_ERROR:
        return {"e": error_text_from_code.get(cast("int", value), "#N/A")}
    if cell_type == xlrd.XL_CELL_DATE and isinstance(value, float):
        try:
            return date_to_cell(xldate.xldate_as_datetime(value, 1 if datemode else 0))
        except (xldate.XLDateError, ValueError, OverflowError):
            return number_to_cell(value)
    return number_to_cell(value) if isinstance(value, float) else value
