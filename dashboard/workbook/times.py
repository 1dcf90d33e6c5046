"""Parse the times in report files, and find the first and the last time of a column.

A text is a time only if it is understood to its end. Numbers whose order is not clear, such as
05/10/2026, are no time.
"""

import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache

from .cells import Cell, cell_to_text
from .invisible import normalise_width

_CHINA_OFFSET = dt.timedelta(hours=8)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|"
    r"aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = (
    r"\(?(?:(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|[日月火水木金土]曜日?|"
    r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?|(?<=\()[日月火水木金土一二三四五六](?=\)))\)?,?"
)
_HALF = (
    r"(?P<half{n}>a\.?m\.?|p\.?m\.?|上午|早上|早晨|清晨|凌晨|中午|正午|下午|傍晚|晚上|晚间|"
    r"午前|午後|午后)"
)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:"
    r":(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,]\d{1,9})?)?|"
    r"\s*[时時点點]\s*(?:(?P<minute_word>\d{1,2})\s*分\s*(?:(?P<second_word>\d{1,2})\s*秒)?)?|"
    r"(?=\s*[ap]\.?m))"
)
_ZONE_NAMES = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "协调世界时": 0,
    "cst": 8,  # means China Standard Time in the cloud's files
    "china standard time": 8,
    "beijing time": 8,
    "beijing": 8,
    "北京时间": 8,
    "北京時間": 8,
    "中国标准时间": 8,
    "中國標準時間": 8,
    "中国標準時": 8,
    "東八區": 8,
    "东八区": 8,
    "台北時間": 8,
    "hkt": 8,
    "sgt": 8,
    "asia/shanghai": 8,
    "asia/hong_kong": 8,
    "asia/taipei": 8,
    "asia/singapore": 8,
    "jst": 9,
    "日本時間": 9,
    "日本標準時": 9,
    "asia/tokyo": 9,
}
_ZONE_NAME = "|".join(map(re.escape, sorted(_ZONE_NAMES, key=len, reverse=True)))
_OFFSET = r"[+-]\d{1,2}(?::?\d{2})?"
_ZONE = (
    rf"[(\[]?(?:(?P<zone_name>{_ZONE_NAME})\s*[(\[]?)?"
    rf"\s*(?:(?:utc|gmt)\s*)?(?P<offset>{_OFFSET})?[)\]]{{0,2}}(?:\s*[(\[]?(?:{_ZONE_NAME}))?[)\]]?"
)
_TIME_OF_DAY = (
    rf"(?:(?P<separator>\s*t\s*|[\s,]*)(?:at\s+)?(?:{_HALF.format(n=1)}\s*)?{_CLOCK}"
    rf"(?:\s*{_HALF.format(n=2)})?)?"
)
_YEAR_FIRST = (
    r"(?P<year>\d{4})(?:\s*年\s*|\s*[-/.]\s*)(?P<month>\d{1,2})(?:\s*月\s*|\s*[-/.]\s*)"
    r"(?P<day>\d{1,2})(?:\s*[日号號])?"
)
_COMPACT = r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
_COMPACT_CLOCK = r"(?:t?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?"
_DAY_FIRST = rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH}[\s,-]+(?P<year>\d{{4}})"
_MONTH_FIRST = rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
_JAVA_DATE = (
    rf"{_MONTH}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?:(?P<zone_name>{_ZONE_NAME})\s*)?"
    rf"(?P<offset>{_OFFSET})?\s*(?P<year>\d{{4}})"
)
_ZONE_BEFORE = r"(?:(?P<zone_before>北京时间|北京時間|日本時間)[:\s]*)?"
_FORMATS = [
    re.compile(pattern)
    for pattern in (
        *(
            rf"{_ZONE_BEFORE}(?:{_WEEKDAY}\s*)?{date}(?:\s*{_WEEKDAY})?{_TIME_OF_DAY}\s*(?:{_ZONE})?"
            for date in (_YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST)
        ),
        rf"{_COMPACT}{_COMPACT_CLOCK}\s*(?:{_ZONE})?",
        rf"(?:{_WEEKDAY}\s*)?{_JAVA_DATE}",
    )
]
_FORENOON = ("a", "上午", "早", "清晨", "凌晨", "午前")
_NOON = ("中午", "正午")
_EVENING = ("晚", "傍晚")
# Texts of this format are ordered as their times are.
_ORDERED_LINES = re.compile(r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n)*")
_LONGEST_TIME = 80  # characters


class TimeRange:
    """The first and the last of all times that were added, in ISO 8601; None before the first.

    They have a time zone only if the file gives one; without one they are compared as UTC+8.
    """

    def __init__(self) -> None:
        self.first: str | None = None
        self.last: str | None = None

    def add_cells(self, cells: Iterable[Cell]) -> set[str]:
        """Add the times in the cells of a column; return the texts that are not understood."""
        texts = set(map(cell_to_time_text, cells))
        texts.discard("")
        doubtful_texts = set()
        if texts and _ORDERED_LINES.fullmatch("\n".join(texts) + "\n"):
            texts = {min(texts), max(texts)}  # parse only the first and the last
        for text in texts:
            if time := normalise_time(text):
                self._add_time(time)
            else:
                doubtful_texts.add(text)
        return doubtful_texts

    def _add_time(self, time: str) -> None:
        if self.first is None or is_before(time, self.first):
            self.first = time
        if self.last is None or is_before(self.last, time):
            self.last = time


def is_before(time: str, other: str) -> bool:
    """Return whether an ISO 8601 time is earlier than another; their zones may differ."""
    first, second = parse_moment(time), parse_moment(other)
    return bool(first and second and first < second)


def cell_to_time_text(cell: Cell) -> str:
    """Return the text of a cell in a column of times; for a date cell it is ISO 8601."""
    if type(cell) is str:  # nearly all are
        return cell
    return cell["d"] if isinstance(cell, dict) and "d" in cell else cell_to_text(cell)


@lru_cache(4096)
def normalise_time(text: str) -> str | None:
    """Return a time in ISO 8601, to the second; None if the text is not a time to its end.

    Understand the formats of spreadsheets and of the cloud. A number of 13 digits is a time of the
    cloud's API: the milliseconds since 1970.
    """
    if len(text) > _LONGEST_TIME:
        return None
    # Single spaces: many of them would take the expressions long.
    text = " ".join(normalise_width(text).casefold().replace("\N{MINUS SIGN}", "-").split())
    if text.isascii() and text.isdigit() and len(text) == 13:
        return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC).isoformat(timespec="seconds")
    for pattern in _FORMATS:
        if match := pattern.fullmatch(text):
            return _build_time({name: part or "" for name, part in match.groupdict().items()})
    return None


def _build_time(parts: dict[str, str]) -> str | None:
    """Return the ISO 8601 text of the parts of a time; None if no clock shows such a time."""
    month = parts.get("month") or str(_MONTHS.index(parts["month_name"][:3]) + 1)
    minute = parts.get("minute") or parts.get("minute_word") or "0"
    second = parts.get("second") or parts.get("second_word") or "0"
    if parts.get("half1") and parts.get("half2"):
        return None
    hour = _to_24_hours(int(parts.get("hour") or 0), parts.get("half1") or parts.get("half2", ""))
    zone_name = parts.get("zone_name") or parts.get("zone_before", "")
    offset = parts.get("offset", "")
    has_bare_offset = bool(offset and not zone_name)
    if hour is None or (has_bare_offset and not parts.get("hour") and ":" not in offset):
        return None
    try:
        zone = _parse_zone(zone_name, offset)
        numbers = (int(parts["year"]), int(month), int(parts["day"]))
        return dt.datetime(*numbers, hour, int(minute), int(second), tzinfo=zone).isoformat()
    except ValueError:
        return None


def _to_24_hours(hour: int, half: str) -> int | None:
    """Return the hour of a day of 24 hours; None if the word for the half day contradicts it."""
    if not half:
        return hour
    if half.startswith(_FORENOON):
        return None if hour > 12 else hour % 12
    if half.startswith(_NOON):
        return hour if hour in (11, 12) else hour + 12 if hour in (1, 2) else None
    if half.startswith(_EVENING) and hour in (0, 12):
        return None  # midnight, but before or after the day?
    return hour if hour > 12 else hour % 12 + 12


def _parse_zone(name: str, offset: str) -> dt.tzinfo | None:
    """Return the time zone of a name such as UTC and an offset such as +8, +0800 or +08:00.

    The offset decides if both are given; return None if neither is.
    """
    if offset:
        digits = offset[1:].replace(":", "").rjust(2, "0")
        digits = digits.rjust(4, "0") if len(digits) == 3 else digits.ljust(4, "0")
        shift = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return dt.timezone(-shift if offset[0] == "-" else shift)
    if not name:
        return None
    hours = _ZONE_NAMES[name]
    return dt.timezone(dt.timedelta(hours=hours)) if hours else dt.UTC


def parse_moment(iso_time: str | None) -> dt.datetime | None:
    """Return the datetime of an ISO 8601 text; without a time zone, the zone is UTC+8 (China).

    Return None for None and for a text that is not ISO 8601.
    """
    try:
        time = dt.datetime.fromisoformat(iso_time or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.timezone(_CHINA_OFFSET))
