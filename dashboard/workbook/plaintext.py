"""Text whose encoding and delimiter nobody tells."""

import codecs
import csv
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from .errors import WorkbookError

PEEK = 65_536  # bytes or characters by which a file is known
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding(path: Path) -> str:
    """The encoding of a text file: by its mark, else UTF-8 or GB18030, whichever it is throughout."""
    with path.open("rb") as file:
        start = file.read(PEEK)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return name
        if start[:2000].count(0) > len(start[:2000]) // 4:
            return (
                "utf-16-le"
                if start[1::2][:1000].count(0) > start[::2][:1000].count(0)
                else "utf-16-be"
            )
        for name in ("utf-8", "gb18030"):
            file.seek(0)
            if _is(name, file):
                return name
    raise WorkbookError("unknown")


def _is(name: str, file: BinaryIO) -> bool:
    """Whether a file is in this encoding throughout; one that ends within a character of UTF-8 has been cut."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        while block := file.read(1 << 20):
            decoder.decode(block)
    except UnicodeDecodeError:
        return False
    whole = not decoder.getstate()[0]
    if not whole and name == "utf-8":
        raise WorkbookError("truncated")
    return whole


def delimiter(start: str) -> str:
    """What parts the columns of a table in text: the mark by which most lines have as many columns; empty if none."""
    lines = [line for line in start.splitlines()[:40] if line.strip()]
    best, most = "", 0
    for mark in ",\t;|":
        widths = Counter(map(len, csv.reader(lines, delimiter=mark)))
        width, alike = max(widths.items(), key=lambda one: (one[0] > 1, one[1]), default=(0, 0))
        if width > 1 and alike * 2 >= widths.total() and alike * width > most:
            best, most = mark, alike * width
    return best
