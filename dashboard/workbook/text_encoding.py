"""Detect the encoding and the delimiter of a text file by its content."""

import codecs
import csv
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from .errors import WorkbookError

DETECTION_SIZE = 65_536  # only so many bytes or characters at the start of a file are examined
_UTF16_SAMPLE_SIZE = 2000  # bytes
_EXAMINED_LINES = 40  # for the delimiter
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-16, UTF-8 or GB18030.

    Raise WorkbookError if the file has none of these encodings.
    """
    with path.open("rb") as file:
        start = file.read(DETECTION_SIZE)
        for mark, name in _BYTE_ORDER_MARKS:
            if start.startswith(mark):
                return name
        # In UTF-16, the high byte of an ASCII character is 0. Many zero bytes mean UTF-16, and the
        # byte of each pair that is more often 0 is the high byte.
        sample = start[:_UTF16_SAMPLE_SIZE]
        if sample.count(0) > len(sample) // 4:
            first_bytes, second_bytes = sample[0::2], sample[1::2]
            is_high_byte_second = second_bytes.count(0) > first_bytes.count(0)
            return "utf-16-le" if is_high_byte_second else "utf-16-be"
        for name in ("utf-8", "gb18030"):
            file.seek(0)
            if _is_decodable(file, name):
                return name
    raise WorkbookError("unknown")


def _is_decodable(file: BinaryIO, encoding: str) -> bool:
    """Return whether the whole file can be decoded with this encoding.

    Raise WorkbookError if it is UTF-8 whose last character is incomplete: the file is truncated.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(1 << 20):
            decoder.decode(block)
    except UnicodeDecodeError:
        return False
    undecoded_bytes, _flags = decoder.getstate()
    if undecoded_bytes and encoding == "utf-8":
        raise WorkbookError("truncated")
    return not undecoded_bytes


def detect_delimiter(start: str) -> str:
    """Return the delimiter of a CSV text: comma, tab, semicolon or bar; "" if there is none.

    It is the one that splits at least half of the first lines into the same number of cells, at
    least two. If several do, it is the one that gives the most cells.
    """
    lines = [line for line in start.splitlines()[:_EXAMINED_LINES] if line.strip()]
    best_delimiter, most_cells = "", 0
    for delimiter in ",\t;|":
        lines_by_width = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        # The most frequent number of cells; numbers above 1 come first.
        width, line_count = max(
            lines_by_width.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0)
        )
        is_usual_width = line_count * 2 >= lines_by_width.total()
        if width > 1 and is_usual_width and line_count * width > most_cells:
            best_delimiter, most_cells = delimiter, line_count * width
    return best_delimiter
