"""The span of time in which a file's evaluations were made."""

import datetime as dt
import re
from collections.abc import Iterable

from .cells import Cell, text

_TIME = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\s*日)?"
    r"(?:[T\s]\s*(\d{1,2})[:\uff1a](\d{1,2})(?:[:\uff1a](\d{1,2})(?:\.\d+)?)?)?\s*"
    r"(Z|UTC|GMT|CST)?\s*\(?(?:UTC|GMT)?\s*([+-]\d{1,2}(?::?\d{2})?)?\)?"
)
_CHINA = dt.timedelta(hours=8)


class Times:
    """Collects times; `first` and `last` are ISO 8601, with a zone only where the file gives one."""

    def __init__(self) -> None:
        self.first: str | None = None
        self.last: str | None = None

    def add(self, cells: Iterable[Cell]) -> None:
        """Take in a column's cells. Texts of one length and form sort as the times do, so two of them are read."""
        words = set(map(_said, cells))
        words.discard("")
        if len(set(map(len, words))) == 1:
            words = {min(words), max(words)}
        for word in words:
            if found := moment(word):
                self.first = min(self.first or found, found)
                self.last = max(self.last or found, found)


def _said(cell: Cell) -> str:
    if type(cell) is str:  # nearly all are
        return cell
    return cell["d"] if isinstance(cell, dict) and "d" in cell else text(cell)


def moment(words: str) -> str | None:
    """A time in the forms that spreadsheets and the cloud write, as ISO 8601; None for anything else.

    A bare number of 13 digits is milliseconds since 1970, as the cloud's API gives times.
    """
    words = words.strip()
    if words.isascii() and words.isdigit() and len(words) == 13:
        at = dt.datetime.fromtimestamp(int(words) / 1000, dt.UTC)
        return at.isoformat(timespec="seconds")
    found = _TIME.match(words)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        at = dt.datetime(year, month, day, hour, minute, second, tzinfo=_zone(found[7], found[8]))
    except ValueError:
        return None
    return at.isoformat()


def instant(words: str | None) -> dt.datetime | None:
    """The moment that ISO 8601 words tell, in the cloud's zone (UTC+8) where they name none; None if they tell none."""
    try:
        found = dt.datetime.fromisoformat(words or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.timezone(_CHINA))


def _zone(name: str | None, offset: str | None) -> dt.tzinfo | None:
    if offset:
        digits = offset[1:].replace(":", "").rjust(2, "0").ljust(4, "0")
        shift = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return dt.timezone(-shift if offset[0] == "-" else shift)
    if name == "CST":  # in the cloud's files the time of China
        return dt.timezone(_CHINA)
    return dt.UTC if name else None
