"""Read .xls files (BIFF2 to BIFF8), in an OLE container or as a bare stream."""

from functools import partial
from pathlib import Path

from xlrd import xldate

from .biff_cells import SheetCells, read_cells
from .biff_records import BOF_TYPES, unpack_header
from .biff_workbook import BiffSheet, BiffWorkbook, read_workbook
from .cells import Cell, SourceSheet, date_to_cell, number_to_cell
from .errors import WorkbookError
from .hidden_parts import HiddenParts
from .ole_streams import ENCRYPTED_PACKAGE, OLE_SIGNATURE, read_stream
from .remarks import RemarkCode, RemarkCollector

_LAST_DATE = 2_958_465  # days up to 9999-12-31


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return all sheets that an .xls file names; one that cannot be read has a remark.

    Raise WorkbookError if the file as a whole cannot be read.
    """
    workbook = read_workbook(_read_biff_stream(path))
    return [_open_sheet(workbook, sheet) for sheet in workbook.sheets]


def _read_biff_stream(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(OLE_SIGNATURE):
        return content
    stream = read_stream(content, "Workbook", "Book")
    if stream is None:
        is_encrypted = ENCRYPTED_PACKAGE.encode("utf-16-le") in content
        raise WorkbookError("encrypted" if is_encrypted else "unknown", cause="no workbook")
    return stream


def _open_sheet(workbook: BiffWorkbook, sheet: BiffSheet) -> SourceSheet:
    """Return a sheet with its cells and its remarks."""
    if not sheet.has_cells:
        return _make_empty_sheet(sheet, "sheet_without_cells")
    if not _is_bof(workbook.stream, sheet.start):
        return _make_empty_sheet(sheet, "sheet_unread")

    def convert_number(value: float, is_date: bool) -> Cell:
        if is_date:
            return _convert_date(value, is_1904=workbook.is_1904)
        return int(value) if value.is_integer() else number_to_cell(value)

    cells = read_cells(workbook, sheet, convert_number)
    if cells.is_cut and not cells.rows:
        return _make_empty_sheet(sheet, "sheet_unread")
    remarks = RemarkCollector()
    _add_remarks(cells, remarks)
    return SourceSheet(
        sheet.name,
        sheet.is_hidden,
        partial(iter, cells.rows),
        lambda: cells.merged_ranges,
        remarks,
        longest_shared_text=workbook.longest_text,
    )


def _is_bof(stream: bytes, position: int) -> bool:
    return position + 8 <= len(stream) and unpack_header(stream, position)[0] in BOF_TYPES


def _make_empty_sheet(sheet: BiffSheet, code: RemarkCode) -> SourceSheet:
    """Return a sheet that shows nothing, with a remark that says why."""
    remarks = RemarkCollector()
    remarks.add(code)
    return SourceSheet(sheet.name, sheet.is_hidden, lambda: iter(()), list, remarks, False)


def _add_remarks(cells: SheetCells, remarks: RemarkCollector) -> None:
    """Add what is odd or hidden on a sheet."""
    if cells.is_cut:
        remarks.add("sheet_cut", len(cells.rows) - 1)
    for row in sorted(cells.unreadable_rows):
        remarks.add("cells_damaged", row)
    for row in sorted(cells.lossy_rows):
        remarks.add("characters_lost", row)
    hidden = HiddenParts()
    for first, last in cells.hidden_columns:
        hidden.add_columns(first, last)
    for number, row_cells in enumerate(cells.rows):
        if row_cells:
            is_hidden = number in cells.hidden_rows
            hidden.add_row(number, len(row_cells), is_hidden=is_hidden)
    hidden.add_remark(remarks)


def _convert_date(value: float, *, is_1904: bool) -> Cell:
    """Return the date of a number of days; the number itself if it is no date that Excel knows."""
    if not 0 <= value <= _LAST_DATE + 1:
        return number_to_cell(value)
    try:
        return date_to_cell(xldate.xldate_as_datetime(value, 1 if is_1904 else 0))
    except (ValueError, OverflowError):
        return number_to_cell(value)
