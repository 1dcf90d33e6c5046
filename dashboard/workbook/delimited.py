"""Read CSV and TSV, in whichever encoding their heads are known."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from .cells import Cell, SourceSheet
from .csv_records import read_records
from .delimiters import Dialect, detect_dialect, remove_spaces
from .remarks import RemarkCollector
from .text_encoding import DETECTION_SIZE, REPLACEMENT, detect_encoding

_LAST_BYTES = 16  # enough for a line end in any encoding


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return the table of a CSV file as one sheet without a name.

    All its cells are texts, so that ids keep all their digits.
    """
    encoding = detect_encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        dialect = detect_dialect(file.read(DETECTION_SIZE).lstrip("\ufeff")) or Dialect(",", 0)
    sheet_remarks = RemarkCollector()
    read_rows = partial(_read_csv_rows, path, encoding, dialect, sheet_remarks)
    return [SourceSheet("", False, read_rows, remarks=sheet_remarks)]


def _read_csv_rows(
    path: Path, encoding: str, dialect: Dialect, remarks: RemarkCollector
) -> Iterator[list[Cell]]:
    """Yield the rows; remove the byte order mark (U+FEFF) before the first cell."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines: Iterator[str] = islice(file, 1 if dialect.has_directive else 0, None)
        if dialect.has_spaces:
            lines = map(remove_spaces, lines)
        last_number, last_width = 0, 0
        for number, record in enumerate(read_records(lines, dialect)):
            cells = record.cells
            if number == 0 and cells:
                cells[0] = cells[0].lstrip("\ufeff")
            if record.has_open_quote:
                remarks.add("quote_open", number)
            if record.holds_rows:
                remarks.add("cell_holds_rows", number)
            if len(cells) > dialect.width and any(cells[dialect.width :]):
                remarks.add("cells_beyond", number, columns=dialect.width)
            if any(REPLACEMENT in cell for cell in cells):
                remarks.add("characters_lost", number)
            yield [_strip_excel_marks(cell) for cell in cells]
            if cells:
                last_number, last_width = number, len(cells)
    if 1 < last_width < dialect.width and not _has_last_line_end(path):
        remarks.add("row_cut", last_number)


def _has_last_line_end(path: Path) -> bool:
    """Return whether the last line of a file is ended; ignore NUL, which UTF-16 has."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _LAST_BYTES, 0))
        return file.read().rstrip(b"\0").endswith((b"\n", b"\r"))


def _strip_excel_marks(cell: str) -> Cell:
    """Return the text of a cell without the marks that keep Excel from converting it to a number.

    The marks are `="0012"` and a tab before or after the text. Return None for an empty cell.
    """
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return cell.strip("\t") or None
