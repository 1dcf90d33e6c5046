"""Parse the times in report files, and find the first and the last time of a column."""

import datetime as dt
import re
from collections.abc import Iterable

from .cells import Cell, cell_to_text

_TIME = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\s*日)?"
    r"(?:[T\s]\s*(\d{1,2})[:\uff1a](\d{1,2})(?:[:\uff1a](\d{1,2})(?:\.\d+)?)?)?\s*"
    r"(Z|UTC|GMT|CST)?\s*\(?(?:UTC|GMT)?\s*([+-]\d{1,2}(?::?\d{2})?)?\)?"
)
_CHINA_OFFSET = dt.timedelta(hours=8)


class TimeRange:
    """The first and the last of all times that were added, in ISO 8601; None before the first.

    They have a time zone only if the file gives one.
    """

    def __init__(self) -> None:
        self.first: str | None = None
        self.last: str | None = None

    def add_cells(self, cells: Iterable[Cell]) -> None:
        """Add the times in the cells of a column; cells without a time are skipped."""
        texts = set(map(_cell_to_time_text, cells))
        texts.discard("")
        if len(set(map(len, texts))) == 1:
            # Texts of the same length have the same format, so their order is the order of their
            # times: parse only the first and the last.
            texts = {min(texts), max(texts)}
        for text in texts:
            if time := normalise_time(text):
                self.first = min(self.first or time, time)
                self.last = max(self.last or time, time)


def _cell_to_time_text(cell: Cell) -> str:
    """Return the text of a cell in a column of times; for a date cell it is ISO 8601."""
    if type(cell) is str:  # nearly all are
        return cell
    return cell["d"] if isinstance(cell, dict) and "d" in cell else cell_to_text(cell)


def normalise_time(text: str) -> str | None:
    """Return a time in ISO 8601; None if the text is no time.

    Understand the formats of spreadsheets and of the cloud. A number of 13 digits is a time of the
    cloud's API: the milliseconds since 1970.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) == 13:
        return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC).isoformat(timespec="seconds")
    match = _TIME.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        zone = _parse_zone(match[7], match[8])
        time = dt.datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return time.isoformat()


def parse_moment(iso_time: str | None) -> dt.datetime | None:
    """Return the datetime of an ISO 8601 text; without a time zone, the zone is UTC+8 (China).

    Return None for None and for a text that is not ISO 8601.
    """
    try:
        time = dt.datetime.fromisoformat(iso_time or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.timezone(_CHINA_OFFSET))


def _parse_zone(name: str | None, offset: str | None) -> dt.tzinfo | None:
    """Return the time zone of a name such as UTC and an offset such as +8, +0800 or +08:00.

    The offset decides if both are given; return None if neither is.
    """
    if offset:
        digits = offset[1:].replace(":", "").rjust(2, "0").ljust(4, "0")
        shift = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return dt.timezone(-shift if offset[0] == "-" else shift)
    if name == "CST":  # means China Standard Time in the cloud's files
        return dt.timezone(_CHINA_OFFSET)
    return dt.UTC if name else None
