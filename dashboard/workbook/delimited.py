"""CSV and TSV in UTF-8, UTF-16 or GB18030."""

import csv
from collections.abc import Iterator
from pathlib import Path

from .cells import Cell, Table
from .plaintext import PEEK, delimiter, encoding

csv.field_size_limit(10_000_000)  # characters in one cell


def tables(path: Path) -> list[Table]:
    """The one table of a CSV file. Its cells stay text: ids keep their digits."""
    coding = encoding(path)
    with path.open(encoding=coding, newline="") as file:
        mark = delimiter(file.read(PEEK).lstrip("\ufeff")) or ","

    def rows() -> Iterator[list[Cell]]:
        with path.open(encoding=coding, newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter=mark)):
                if number == 0 and row:
                    row[0] = row[0].lstrip("\ufeff")
                yield [_plain(cell) for cell in row]

    return [Table("", False, rows)]


def _plain(cell: str) -> Cell:
    """Excel is kept from guessing with `="0012"` or a tab behind the digits; the text is what stands inside."""
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return cell.strip("\t") or None
