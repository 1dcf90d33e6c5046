"""Bring values that identify something into one form: accounts, regions, rule ids.

A spreadsheet keeps 15 digits of a number. An id that it took for a number has lost its other
digits, and a text such as 1.23457E+15 has lost all but six: neither is the id.
"""

import re
from functools import lru_cache

from .cells import Cell, cell_to_text, normalise_identifier
from .invisible import normalise_width
from .regions import REGION_NAMES, find_region_id
from .status_codes import is_not_stated

_EXACT_LIMIT = 2**53  # below it, a number of a spreadsheet is exact
_KEPT_DIGITS = 15  # that a spreadsheet keeps of a number which a person enters
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d{1,3}", re.IGNORECASE)
_CUT_DIGITS = re.compile(r"\d{15}0{3,}")  # a number written in full, after it lost its end
_ACCOUNT = re.compile(r"(?<!\d)\d{16}(?!\d)")
_SHORTEST_ACCOUNT = 10  # digits; a shorter number is that of an employee or a row
_GROUPED_DIGITS = re.compile(r"\d{1,4}(?:[ ,'\u2019-]\d{3,4})+")
_RULE_ID = re.compile(r"cr-[0-9a-z_-]+", re.IGNORECASE)
_REGION_ID = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+", re.IGNORECASE)


def has_lost_digits(cell: Cell) -> bool:
    """Return whether an id in this cell may lack digits that the file does not hold any more."""
    if isinstance(cell, str):
        return is_lost_text(cell)
    if isinstance(cell, dict):
        return "d" in cell  # an id such as 3-1, which a spreadsheet took for a date
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return False
    number = abs(cell)
    if number >= _EXACT_LIMIT:
        return True
    return number >= 10**_KEPT_DIGITS and number % 10 == 0


@lru_cache(4096)
def is_lost_text(text: str) -> bool:
    """Return whether a text is a number without its last digits, such as 1.23457E+15."""
    text = normalise_width(text)
    if not text[:1].isdigit():
        return False
    return bool(_SCIENTIFIC.fullmatch(text) or _CUT_DIGITS.fullmatch(text))


@lru_cache(4096)
def find_account_id(text: str) -> str:
    """Return the id of the account that a text names, such as `name(1234567890123456)`.

    Return "" if the text has no id of 16 digits, or more than one.
    """
    text = normalise_width(text)
    if _GROUPED_DIGITS.fullmatch(text):
        text = re.sub(r"\D", "", text)
    ids = set(_ACCOUNT.findall(text))
    return ids.pop() if len(ids) == 1 else ""


def normalise_account(text: str) -> str:
    """Return the id in a text that names an account, or else the text; "" if digits are lost."""
    return "" if is_lost_text(text) else find_account_id(text) or text


def normalise_region(text: str) -> str:
    """Return the id of the region that a text names, or else the text; "" if it names none."""
    return find_region_id(text) or ("" if is_not_stated(text) else text)


def is_region_id(text: str) -> bool:
    """Return whether a text has the form of a region's id, though the region may be unknown."""
    return text in REGION_NAMES or _REGION_ID.fullmatch(text) is not None


def normalise_rule_id(text: str) -> str:
    """Return an id of the cloud in lower case, and any other id unchanged."""
    half_width = normalise_width(text)
    return half_width.lower() if _RULE_ID.fullmatch(half_width) else text


def make_rule_key(rule_id: str) -> str:
    """Return the key of the rule with this id: it is the same however the id is written."""
    return normalise_identifier(normalise_rule_id(rule_id))


def make_name_key(name: str) -> str:
    """Return the key of the rule with this name, in files that give no ids of rules."""
    return normalise_identifier(name)


def is_account_cell(cell: Cell) -> bool:
    """Return whether a cell may hold an account id, and not a name."""
    text = cell_to_text(cell)
    is_long_number = text.isdigit() and len(text) >= _SHORTEST_ACCOUNT
    return is_long_number or bool(find_account_id(text)) or is_lost_text(text)
