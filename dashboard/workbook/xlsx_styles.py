"""Which cell formats of an .xlsx file show numbers as dates or as durations.

A cell refers to a cell format by its number; a cell format refers to a number format.
"""

import re
from typing import IO, NamedTuple

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS

from .errors import WorkbookError
from .xml_elements import read_elements

# Built-in formats have no text in the file. These show dates in China, Japan, Korea and Thailand:
# ECMA-376 part 1, 18.8.30.
_EAST_ASIAN_DATES = {*range(27, 37), *range(50, 59), *range(71, 82)}
_LITERAL = re.compile(r'"[^"]*"|\\.|[_*].')  # a text, an escaped character, a space, a fill
_DURATION = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")  # a colour, a condition, a currency, a language
_DATE_LETTER = re.compile(r"[dmyhs]|a{3}", re.IGNORECASE)  # aaa is a day of the week


class DateFormats(NamedTuple):
    """The numbers of cell formats, as cells write them, that show dates or durations.

    `dates` has those of `durations` too.
    """

    dates: frozenset[str] = frozenset()
    durations: frozenset[str] = frozenset()


def is_date_format(number_format: str) -> bool:
    """Return whether a number format such as `yyyy"年"m"月"` shows dates, times or durations."""
    text = _LITERAL.sub("", number_format)
    if _DURATION.search(text.partition(";")[0]):
        return True
    sections = [_BRACKETS.sub("", section).strip() for section in text.split(";")]
    # The first section may be empty if it has a condition, such as [=0]"";yyyy-mm-dd.
    first_section = next(filter(None, sections), "")
    return first_section.lower() != "general" and bool(_DATE_LETTER.search(first_section))


def is_duration_format(number_format: str) -> bool:
    """Return whether a number format such as `[h]:mm` shows durations."""
    return bool(_DURATION.search(_LITERAL.sub("", number_format).partition(";")[0]))


def read_date_formats(file: IO[bytes]) -> tuple[DateFormats, bool]:
    """Return the date formats of a styles part, and whether the part could be read to its end.

    Nothing but number formats is looked at: no other style can spoil the reading.
    """
    texts = {str(number): text for number, text in BUILTIN_FORMATS.items()}
    texts |= dict.fromkeys(map(str, _EAST_ASIAN_DATES), "yyyy-mm-dd")
    cell_formats: list[str] = []  # the number of the number format of each cell format
    is_whole = True
    try:
        for element in read_elements(file, "{*}numFmt", "{*}xf"):
            parent_name = _find_parent_name(element)
            number = (element.get("numFmtId") or "").strip()
            if parent_name == "numFmts":
                texts[number] = element.get("formatCode") or ""
            elif parent_name == "cellXfs":
                cell_formats.append(number)
    except WorkbookError:
        is_whole = False
    # Number formats may stand after the cell formats that refer to them.
    numbered = [(str(index), texts.get(number, "")) for index, number in enumerate(cell_formats)]
    is_date = {text: is_date_format(text) for _index, text in numbered}
    is_duration = {text: is_duration_format(text) for _index, text in numbered}
    return (
        DateFormats(
            frozenset(index for index, text in numbered if is_date[text]),
            frozenset(index for index, text in numbered if is_duration[text]),
        ),
        is_whole,
    )


def _find_parent_name(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None else etree.QName(parent).localname
