"""Read CSV and TSV in UTF-8, UTF-16 or GB18030."""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .cells import Cell, SourceSheet
from .remarks import RemarkCollector
from .text_encoding import DETECTION_SIZE, detect_delimiter, detect_encoding

csv.field_size_limit(10_000_000)  # characters in one cell


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return the table of a CSV file as one sheet without a name.

    All its cells are texts, so that ids keep all their digits.
    """
    encoding = detect_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = detect_delimiter(file.read(DETECTION_SIZE).lstrip("\ufeff")) or ","
    return [SourceSheet("", False, partial(_read_csv_rows, path, encoding, delimiter))]


def _read_csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[Cell]]:
    """Yield the rows; remove the byte order mark (U+FEFF) before the first cell."""
    with path.open(encoding=encoding, newline="") as file:
        for number, row in enumerate(csv.reader(file, delimiter=delimiter)):
            if number == 0 and row:
                row[0] = row[0].lstrip("\ufeff")
            yield [_strip_excel_marks(cell) for cell in row]


def _strip_excel_marks(cell: str) -> Cell:
    """Return the text of a cell without the marks that keep Excel from converting it to a number.

    The marks are `="0012"` and a tab before or after the text. Return None for an empty cell.
    """
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return cell.strip("\t") or None
