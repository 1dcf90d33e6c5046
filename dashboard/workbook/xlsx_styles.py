"""Which cell formats of an .xlsx file show numbers as dates or as durations.

A cell refers to a cell format by its number; a cell format refers to a number format.
"""

from typing import IO, NamedTuple

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS

from .errors import WorkbookError
from .number_formats import BUILTIN_DATE_FORMATS, is_date_format, is_duration_format
from .xml_elements import read_elements


class DateFormats(NamedTuple):
    """The numbers of cell formats, as cells write them, that show dates or durations.

    `dates` has those of `durations` too.
    """

    dates: frozenset[str] = frozenset()
    durations: frozenset[str] = frozenset()


def read_date_formats(file: IO[bytes]) -> tuple[DateFormats, bool]:
    """Return the date formats of a styles part, and whether the part could be read to its end.

    Nothing but number formats is looked at: no other style can spoil the reading.
    """
    texts = dict.fromkeys(map(str, BUILTIN_DATE_FORMATS), "yyyy-mm-dd")
    texts |= {str(number): text for number, text in BUILTIN_FORMATS.items()}
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
