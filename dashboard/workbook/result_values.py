"""Bring the values of the cloud's evaluation results into one form.

The cloud writes some numbers as text and leaves fields out. A value that is not understood counts
as not stated.
"""

import json
from collections.abc import Mapping
from functools import lru_cache

from .invisible import remove_invisible
from .status_codes import StatusCode, parse_risk, parse_status

# Times before 1973 are no milliseconds, and later ones than the year 9999 no time.
_FIRST_MS, _LAST_MS = 10**11, 253_402_300_799_999
_EXACT_LIMIT = 2**53  # JSON may give an integer as a float, which is exact below this limit
_LONGEST_DIGITS = 18
_STATUS_BY_NAME = {status.name: status for status in StatusCode}
_RISK_BY_LEVEL: Mapping[object, int] = {1: 1, 2: 2, 3: 3, 0: 0, None: 0, "": 0}


class ValueReader:
    """Reads values of JSON; `has_odd_value` says whether one was not understood."""

    def __init__(self) -> None:
        self.has_odd_value = False

    def read_text(self, value: object, longest: int) -> str:
        """Return a text or a number as text, at most `longest` characters; "" if not stated."""
        if value is None:
            return ""
        if not isinstance(value, str):
            number = to_integer(value)
            self.has_odd_value |= number is None
            return "" if number is None else str(number)
        text = clean_json_text(value)
        if len(text) <= longest:
            return text
        self.has_odd_value = True
        return text[:longest].strip()

    def read_repeated_text(self, value: object, longest: int) -> str:
        """Return what read_text does; equal texts of many rows are one object in memory."""
        if isinstance(value, str) and len(value) <= longest:
            return _clean_repeated_text(value)
        return self.read_text(value, longest)

    def read_ms(self, value: object) -> int:
        """Return a time in milliseconds since 1970; 0 if not stated."""
        if type(value) is int and _FIRST_MS <= value <= _LAST_MS:  # nearly all are
            return value
        if value is None or value in (0, "", "0"):
            return 0
        number = to_integer(value)
        if number is None or not _FIRST_MS <= number <= _LAST_MS:
            self.has_odd_value = True
            return 0
        return number

    def read_risk(self, value: object) -> int:
        """Return the risk: 1 high, 2 medium, 3 low; 0 if not stated."""
        if isinstance(value, (int, str)) or value is None:
            risk = _RISK_BY_LEVEL.get(value)
            if risk is None:
                risk = parse_risk(str(value)[:_LONGEST_DIGITS])
                self.has_odd_value |= not risk
            return risk
        self.has_odd_value = True
        return 0

    def read_annotation(self, value: object, longest: int) -> str:
        """Return the text of an annotation, which may also be a JSON object."""
        if not isinstance(value, dict):
            return self.read_repeated_text(value, longest)
        try:
            text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        except RecursionError:  # objects within each other, hundreds of levels deep
            self.has_odd_value = True
            return ""
        return self.read_text(text, longest)


def clean_json_text(text: str) -> str:
    """Return a text without invisible characters and halves of surrogate pairs, and stripped."""
    if text.isascii() and text.isprintable():  # most are
        return text.strip()
    return remove_invisible(text.encode("utf-8", "replace").decode()).strip()


_clean_repeated_text = lru_cache(4096)(clean_json_text)


def to_integer(value: object) -> int | None:
    """Return a number, or a text of digits, as an integer; None for any other value."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**_LONGEST_DIGITS else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT_LIMIT else None
    if isinstance(value, str):
        digits = value.strip()
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_DIGITS
        return int(digits) if is_number else None
    return None


def read_status(word: str) -> StatusCode | None:
    """Return the status of a ComplianceType, or of a word in any language; None if unknown."""
    return _STATUS_BY_NAME.get(word) or parse_status(word)
