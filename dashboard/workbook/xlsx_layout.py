"""The layout of a sheet of .xlsx: its merged cells, and whether its rows stand in order.

Merged cells stand behind all rows. Finding them with an XML parser takes as long as reading the
rows, so they are found as bytes, which takes a twentieth of it.
"""

import codecs
import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from .cells import MergedRange
from .limits import XLSX_COLUMNS, XLSX_ROWS

_BLOCK_SIZE = 1 << 20  # bytes
_UTF_16_STARTS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")


class SheetLayout(NamedTuple):
    """The merged cells of a sheet, and whether the numbers of its rows ascend."""

    merged_ranges: list[MergedRange]
    has_ordered_rows: bool


def read_layout(file: IO[bytes], prefix: str | None) -> SheetLayout:
    """Return the layout of a sheet; `prefix` is the namespace prefix of its elements, if any."""
    tag_start = b"<" + (prefix.encode() + b":" if prefix else b"")
    row_number = re.compile(tag_start + rb"row(?=[\s/>])(?:[^<>]*?\sr\s*=\s*[\"']([^\"']*))?")
    merge_reference = re.compile(tag_start + rb"mergeCell\s[^<>]*?ref\s*=\s*[\"']([^\"']*)")
    merged_ranges: list[MergedRange] = []
    has_ordered_rows = True
    last_number = 0
    for block in _read_blocks(file):
        if has_ordered_rows:
            for match in row_number.finditer(block):
                number = parse_row_number(match[1].decode("latin-1")) if match[1] else None
                if number is not None and number <= last_number:
                    has_ordered_rows = False
                    break
                last_number = number or last_number + 1
        for match in merge_reference.finditer(block):
            merged = parse_range(match[1].decode("latin-1"))
            if merged:
                merged_ranges.append(merged)
    return SheetLayout(merged_ranges, has_ordered_rows)


def _read_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of an XML part in blocks that end before a tag, in UTF-8."""
    rest = file.read(_BLOCK_SIZE)
    decoder = None
    if rest.startswith(_UTF_16_STARTS):
        is_big_endian = rest.startswith((codecs.BOM_UTF16_BE, b"\0<"))
        decoder = codecs.getincrementaldecoder("utf-16-be" if is_big_endian else "utf-16-le")(
            "replace"
        )
        rest = decoder.decode(rest).encode("utf-8", "replace")
    while block := file.read(_BLOCK_SIZE):
        rest += decoder.decode(block).encode("utf-8", "replace") if decoder else block
        end = rest.rfind(b"<")
        if end > 0:
            yield rest[:end]
            rest = rest[end:]
    yield rest


def parse_row_number(text: str) -> int | None:
    """Return the number of a row, from 1; None if it is not valid.

    Some programs write numbers such as "1.0".
    """
    try:
        number = int(text) if text.isdigit() else int(float(text))
    except (ValueError, OverflowError):
        return None
    return number if 1 <= number <= XLSX_ROWS else None


def parse_range(reference: str) -> MergedRange | None:
    """Return the range of a reference such as "A1:C3"; None if it is not valid."""
    match = _RANGE.fullmatch(reference.strip())
    if not match:
        return None
    columns = [parse_column_letters(letters) for letters in (match[1], match[3] or match[1])]
    rows = [int(number) for number in (match[2], match[4] or match[2])]
    if None in columns or not 1 <= min(rows) <= max(rows) <= XLSX_ROWS:
        return None
    first_column, last_column = sorted(column for column in columns if column is not None)
    return MergedRange(min(rows) - 1, max(rows) - 1, first_column, last_column)


def parse_column_letters(letters: str) -> int | None:
    """Return the column index of letters: 0 for A, 16,383 for XFD; None if they are not valid."""
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            return None
        number = number * 26 + ord(letter) - ord("A") + 1
        if number > XLSX_COLUMNS:
            return None
    return number - 1 if number else None
