"""Read the records of a CSV text, whose quotes may be wrong.

A cell in quotes may hold line ends. A quote that is never closed would take all rows after it into
one cell. So if a record of several lines does not fit the table, and one of its lines alone does,
the first line is read with its open quote as an ordinary character, and the others on their own.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .delimiters import Dialect, split_line

MAXIMUM_CELL_SIZE = 10_000_000  # characters
_MAXIMUM_RECORD_LINES = 2_000  # a record that goes on has an open quote

csv.field_size_limit(MAXIMUM_CELL_SIZE)


class CsvRecord(NamedTuple):
    """A row of a CSV text. `has_open_quote`: a quote in it is never closed."""

    cells: list[str]
    has_open_quote: bool = False
    holds_rows: bool = False  # a line within a cell looks like a row of the table


def read_records(lines: Iterable[str], dialect: Dialect) -> Iterator[CsvRecord]:
    """Yield the records of these lines, each of which ends with its line end."""
    source = _LineSource(lines)
    while True:
        reader = csv.reader(source, delimiter=dialect.delimiter)
        try:
            for cells in reader:
                record_lines = source.take_lines()
                if _has_open_quote(record_lines, cells, dialect):
                    yield _split_open_quote(source, record_lines, dialect)
                    break
                yield CsvRecord(cells, holds_rows=_has_row_inside(record_lines, dialect))
            else:
                return
        except (_TooManyLinesError, csv.Error):
            record_lines = source.take_lines()
            if len(record_lines) == 1:  # a cell beyond the size limit
                raise
            yield _split_open_quote(source, record_lines, dialect)


class _TooManyLinesError(Exception):
    """A record goes over so many lines that one of its quotes must be open."""


class _LineSource:
    """Yields lines, remembers those of the current record, and takes lines back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._returned_lines: deque[str] = deque()
        self._record_lines: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record_lines) >= _MAXIMUM_RECORD_LINES:
            raise _TooManyLinesError
        line = self._returned_lines.popleft() if self._returned_lines else next(self._lines)
        self._record_lines.append(line)
        return line

    def take_lines(self) -> list[str]:
        """Return the lines since the last call."""
        lines, self._record_lines = self._record_lines, []
        return lines

    def return_lines(self, lines: list[str]) -> None:
        """Yield these lines once more, before all others."""
        self._returned_lines.extendleft(reversed(lines))


def _has_open_quote(lines: list[str], cells: list[str], dialect: Dialect) -> bool:
    if len(lines) == 1:
        return _is_last_line_open(lines[0], cells, dialect)
    return _is_suspect(lines, cells, dialect)


def _is_last_line_open(line: str, cells: list[str], dialect: Dialect) -> bool:
    """Return whether a record of one line has an open quote: only the last line can have one."""
    if '"' not in line or not cells:
        return False
    has_line_end = line.endswith(("\r", "\n"))
    if has_line_end and not cells[-1].endswith(("\r", "\n")):  # not the last line, or closed
        return False
    text = line.rstrip("\r\n")
    return _find_open_quote(text, dialect.delimiter) < len(text)


def _is_suspect(lines: list[str], cells: list[str], dialect: Dialect) -> bool:
    """Return whether a record of several lines has an open quote.

    It has if it ends with the file, or has a wrong number of cells or text behind a closing quote,
    and one of its lines alone has the usual number of cells.
    """
    is_well_formed = len(cells) == dialect.width and _has_closed_quotes(lines, dialect)
    return not is_well_formed and any(_has_expected_width(line, dialect) for line in lines[1:])


def _has_closed_quotes(lines: list[str], dialect: Dialect) -> bool:
    """Return whether the quotes of a record are closed, each at the end of its cell."""
    try:
        list(csv.reader(lines, delimiter=dialect.delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _has_row_inside(lines: list[str], dialect: Dialect) -> bool:
    """Return whether a line that is wholly within a cell looks like a row of the table."""
    return (
        len(lines) > 2
        and dialect.width > 2
        and any(_has_expected_width(line, dialect) for line in lines[1:-1])
    )


def _has_expected_width(line: str, dialect: Dialect) -> bool:
    return len(split_line(line, dialect.delimiter)) == dialect.width


def _split_open_quote(source: _LineSource, lines: list[str], dialect: Dialect) -> CsvRecord:
    """Return the first line as a record of its own, and give the other lines back."""
    source.return_lines(lines[1:])
    first_line = lines[0].rstrip("\r\n")
    start = _find_open_quote(first_line, dialect.delimiter)
    if start == len(first_line):
        return CsvRecord(split_line(first_line, dialect.delimiter))
    cells = split_line(first_line[:start], dialect.delimiter) or [""]
    rest = first_line[start + 1 :].split(dialect.delimiter)
    # The text before the open quote ends with a delimiter, so its last cell is empty.
    return CsvRecord([*cells[:-1], *rest], has_open_quote=True)


def _find_open_quote(line: str, delimiter: str) -> int:
    """Return the position of the quote that opens a cell and is not closed in this line."""
    position = 0
    while position < len(line):
        if line[position] != '"':
            position = line.find(delimiter, position) + 1
            if not position:
                break
            continue
        start = position
        position += 1
        while (position := line.find('"', position)) >= 0:
            if line[position : position + 2] != '""':
                break
            position += 2
        if position < 0:
            return start
        position = line.find(delimiter, position) + 1
        if not position:
            break
    return len(line)
