"""Convert the cells (`<c>`) of a sheet of .xlsx to values."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from lxml import etree
from openpyxl.utils.datetime import from_excel

from .cells import Cell, date_to_cell, number_to_cell
from .xlsx_styles import DateFormats

_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how OOXML writes a control character
# Only a number that is not an integer has a group.
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(\.\d*)?|(\.\d+))([eE][+-]?\d+)?\s*", re.ASCII)
_MAXIMUM_DIGITS = 4_000  # Python refuses to convert more to an integer
_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d.*)?", re.ASCII)


class UnreadableCellError(Exception):
    """The cell refers to a text that the file does not hold."""


class CellTags(NamedTuple):
    """The tags of a cell and of what it contains."""

    cell: str
    value: str
    inline_string: str
    text: str
    run: str


class SharedStrings(NamedTuple):
    """The texts to which cells refer by number."""

    texts: Sequence[str] = ()
    has_lost_characters: bool = False


def build_cell_tags(namespace: str) -> CellTags:
    """Return the tags of cells in a namespace, which is written in braces."""
    return CellTags(*(namespace + name for name in ("c", "v", "is", "t", "r")))


class CellConverter:
    """Converts `<c>` elements of one workbook; dates are days since `epoch`."""

    def __init__(self, strings: SharedStrings, formats: DateFormats, epoch: dt.datetime) -> None:
        self.has_lost_characters = strings.has_lost_characters
        self.longest_text = max(map(len, strings.texts), default=0)
        self._strings = strings.texts
        self._formats = formats
        self._epoch = epoch

    def convert(self, cell: etree._Element, tags: CellTags) -> Cell:
        """Return the value of a `<c>` element; None if it is empty.

        A value that is not what its type says is a text. Raise UnreadableCellError if it refers to
        a text that the file does not hold.
        """
        if not len(cell):
            return None
        # The value is nearly always the last element, and a search takes much longer.
        last = cell[-1]
        value = last.text if last.tag == tags.value else None
        cell_type = cell.get("t")
        if not value or cell_type == "inlineStr":  # an empty value is none
            is_string = last.tag == tags.inline_string
            inline_string = last if is_string else cell.find(tags.inline_string)
            text = "" if inline_string is None else read_string_item(inline_string, tags)
            value = text or cell.findtext(tags.value)
            if text or not value or cell_type == "inlineStr":
                return value or None
        if cell_type == "s":
            return self._find_string(value)
        if cell_type is None or cell_type == "n":
            return self._convert_number(value, cell.get("s"))
        return _convert_typed_value(cell_type, value)

    def _find_string(self, value: str) -> Cell:
        try:
            index = int(value)
            if index >= 0:
                return self._strings[index] or None
        except (ValueError, IndexError):
            if not value.strip():
                return None
        raise UnreadableCellError

    def _convert_number(self, value: str, cell_format: str | None) -> Cell:
        """Return a number, or a date or duration if the cell's format shows one."""
        number = parse_number(value)
        if cell_format in self._formats.dates and isinstance(number, (int, float)):
            return self._convert_serial(number, is_duration=cell_format in self._formats.durations)
        return number

    def _convert_serial(self, number: float, *, is_duration: bool) -> Cell:
        """Return the date of a number of days; the number itself if it is no date."""
        if number < 0 and not is_duration:
            return number
        try:
            date: Any = from_excel(number, self._epoch, timedelta=is_duration)
        except (OverflowError, ValueError):
            return number
        return date_to_cell(date)


def parse_number(value: str) -> Cell:
    """Return a number, the text if it is none, or None if it holds only spaces."""
    if value.isdigit() and value.isascii() and len(value) < _MAXIMUM_DIGITS:
        return int(value)
    match = _NUMBER.fullmatch(value)
    if match is None:
        return value if value.strip() else None
    if match.lastindex is None:
        return int(value) if len(value) < _MAXIMUM_DIGITS else value
    return number_to_cell(float(value))


def _convert_typed_value(cell_type: str, value: str) -> Cell:
    """Return a boolean (b), an error (e), a date (d), or for any other type the text."""
    match cell_type:
        case "b":
            return _BOOLEANS.get(value.strip().lower(), value)
        case "e":
            return {"e": value}
        case "d":
            return _convert_iso_date(value.strip())
    return _replace_escapes(value)


def _convert_iso_date(value: str) -> Cell:
    """Return a date cell for a date or a moment in ISO 8601; any other value as text."""
    if not _MOMENT.fullmatch(value):
        return value
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return value
    return {"d": moment.isoformat() if "T" in value else value}


def read_string_item(element: etree._Element, tags: CellTags) -> str:
    """Return the text of a string item, without phonetic readings (`rPh`).

    The text is one element, or several runs: parts with different formats.
    """
    if len(element) == 1 and element[0].tag == tags.text:
        text = element[0].text or ""
    else:
        text = "".join(
            (child.text if child.tag == tags.text else child.findtext(tags.text)) or ""
            for child in element
            if child.tag in (tags.text, tags.run)
        )
    return _replace_escapes(text)


def _replace_escapes(text: str) -> str:
    """Replace escapes such as `_x000D_` by their characters."""
    if "_x" not in text:
        return text
    text = _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)
    # Two escapes may be the halves of one character.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
