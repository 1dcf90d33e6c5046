"""Parse the times in report files, and find the range of a column of them."""

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
    """The first and the last of the times added, as ISO 8601.

    They have a zone only where the file gives one.
    """

    def __init__(self) -> None:
        self.first: str | None = None
        self.last: str | None = None

    def add_cells(self, cells: Iterable[Cell]) -> None:
        """Add the times in the cells of a column; cells without a time are skipped."""
        texts = set(map(_cell_to_time_text, cells))
        texts.discard("")
        if len(set(map(len, texts))) == 1:
            # Texts of one length and form sort as their times do: only two need be parsed.
            texts = {min(texts), max(texts)}
        for text in texts:
            if time := normalise_time(text):
                self.first = min(self.first or time, time)
                self.last = max(self.last or time, time)


def _cell_to_time_text(cell: Cell) -> str:
    """Return the text of a cell in a column of times; ISO 8601 for a date cell."""
    if type(cell) is str:  # nearly all are
        return cell
    return cell["d"] if isinstance(cell, dict) and "d" in cell else cell_to_text(cell)


def normalise_time(text: str) -> str | None:
    """Return a time, as spreadsheets and the cloud write it, as ISO 8601; None for other texts.

    A bare number of 13 digits is milliseconds since 1970, as the cloud's API gives times.
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
    """Return the moment of an ISO 8601 time, in the cloud's zone (UTC+8) if it names none.

    Return None for None and for any other text.
    """
    try:
        time = dt.datetime.fromisoformat(iso_time or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.timezone(_CHINA_OFFSET))


def _parse_zone(name: str | None, offset: str | None) -> dt.tzinfo | None:
    if offset:
        digits = offset[1:].replace(":", "").rjust(2, "0").ljust(4, "0")
        shift = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return dt.timezone(-shift if offset[0] == "-" else shift)
    if name == "CST":  # in the cloud's files the time of China
        return dt.timezone(_CHINA_OFFSET)
    return dt.UTC if name else None
