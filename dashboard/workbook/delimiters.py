"""Find the delimiter of a CSV text, and how many cells its rows have."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .vocabulary import find_column_meaning

_DELIMITERS = ",\t;|"
_EXAMINED_LINES = 40
# A first line such as "a", "b", "c", and the spaces in it.
_SPACED_QUOTES = re.compile(r'\ufeff*"[^"]*"(?:[,\t;|] +"[^"]*")+\s*$')
_SPACES_BEFORE_QUOTE = re.compile(r'(?<=[,\t;|]) +(?=")')
_LINE_END = re.compile(r"\r\n|\r|\n")
_DIRECTIVE = re.compile(r"\ufeff*sep=(.)\s*", re.IGNORECASE)  # a first line that only Excel writes


class Dialect(NamedTuple):
    """How a CSV text is written; `width` is the usual number of cells of a row."""

    delimiter: str
    width: int
    has_directive: bool = False  # the first line only states the delimiter
    has_spaces: bool = False  # between a delimiter and the quote of the next cell


def detect_dialect(start: str) -> Dialect | None:
    """Return how a CSV text is written by its start; None if it has no delimiter.

    The delimiter is comma, tab, semicolon or bar: the one that gives the most known column heads,
    and else the one that splits at least half of the first lines into the same number of cells, at
    least two. If several do, it is the one that gives the most cells.
    """
    lines = split_lines(start)[:_EXAMINED_LINES]
    has_spaces = bool(lines) and _SPACED_QUOTES.match(lines[0]) is not None
    if has_spaces:
        lines = [remove_spaces(line) for line in lines]
    if lines and (directive := _DIRECTIVE.fullmatch(lines[0])):
        return Dialect(directive[1], _find_width(lines[1:], directive[1])[0], has_directive=True)
    best_dialect, best_score = None, (0, 0)
    for delimiter in _DELIMITERS:
        width, line_count, is_usual = _find_width(lines, delimiter)
        known_heads = max((_count_known_heads(line, delimiter) for line in lines), default=0)
        score = (known_heads if known_heads > 1 else 0, line_count * width if is_usual else 0)
        if width > 1 and score > best_score:
            best_dialect = Dialect(delimiter, width, has_spaces=has_spaces)
            best_score = score
    return best_dialect


def remove_spaces(line: str) -> str:
    """Return a line without the spaces between a delimiter and the quote of the next cell."""
    return _SPACES_BEFORE_QUOTE.sub("", line)


def split_lines(text: str) -> list[str]:
    """Return the lines of a text that are not empty; any kind of line end separates them."""
    return [line for line in _LINE_END.split(text) if line.strip()]


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line that stands alone."""
    return next(csv.reader([line], delimiter=delimiter), [])


def _find_width(lines: Sequence[str], delimiter: str) -> tuple[int, int, bool]:
    """Return (usual number of cells, rows that have it, whether they are at least half).

    A line is a row if most lines are; else a cell in quotes may go over several lines.
    """
    width, row_count, is_usual = _count_widths(split_line(line, delimiter) for line in lines)
    if width > 1 and is_usual:
        return width, row_count, is_usual
    return _count_widths(csv.reader([f"{line}\n" for line in lines], delimiter=delimiter))


def _count_widths(rows: Iterable[list[str]]) -> tuple[int, int, bool]:
    lines_by_width = Counter(map(len, rows))
    # The most frequent number of cells; numbers above 1 come first.
    width, line_count = max(
        lines_by_width.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0)
    )
    return width, line_count, line_count * 2 >= lines_by_width.total()


def _count_known_heads(line: str, delimiter: str) -> int:
    cells = split_line(line, delimiter)
    return len({meaning for cell in cells if (meaning := find_column_meaning(cell).meaning)})
