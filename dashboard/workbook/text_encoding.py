"""Detect the encoding and the delimiter of a text file by its content."""

import codecs
import csv
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from .errors import WorkbookError

DETECTION_SIZE = 65_536  # bytes or characters at the start of a file by which it is known
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-16 by its bytes, else UTF-8 or GB18030.

    Raises WorkbookError for a file in none of them.
    """
    with path.open("rb") as file:
        start = file.read(DETECTION_SIZE)
        for mark, name in _BYTE_ORDER_MARKS:
            if start.startswith(mark):
                return name
        if start[:2000].count(0) > len(start[:2000]) // 4:
            high_byte_is_second = start[1::2][:1000].count(0) > start[::2][:1000].count(0)
            return "utf-16-le" if high_byte_is_second else "utf-16-be"
        for name in ("utf-8", "gb18030"):
            file.seek(0)
            if _is_decodable(file, name):
                return name
    raise WorkbookError("unknown")


def _is_decodable(file: BinaryIO, encoding: str) -> bool:
    """Return whether the whole file is in this encoding.

    Raises WorkbookError if it ends within a character of UTF-8: such a file is truncated.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(1 << 20):
            decoder.decode(block)
    except UnicodeDecodeError:
        return False
    undecoded_bytes = decoder.getstate()[0]
    if undecoded_bytes and encoding == "utf-8":
        raise WorkbookError("truncated")
    return not undecoded_bytes


def detect_delimiter(start: str) -> str:
    """Return the mark by which most lines split into equally many columns; "" if there is none."""
    lines = [line for line in start.splitlines()[:40] if line.strip()]
    best_delimiter, most_cells = "", 0
    for delimiter in ",\t;|":
        lines_by_width = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        width, line_count = max(
            lines_by_width.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0)
        )
        is_usual_width = line_count * 2 >= lines_by_width.total()
        if width > 1 and is_usual_width and line_count * width > most_cells:
            best_delimiter, most_cells = delimiter, line_count * width
    return best_delimiter
