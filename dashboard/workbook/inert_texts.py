"""Texts that a spreadsheet would run as formulas: make them inert, and restore them.

A .csv cannot say that a cell is a text. Programs that open one take "=1+1" for a formula, also
behind spaces and invisible characters. An apostrophe before the text prevents it.
"""

import re

_APOSTROPHE = "'"
# The characters that begin a formula, and the forms of them that Chinese and Japanese input gives.
_FORMULA_STARTS = "=+@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212\u207a\u207b-"
# Controls, spaces and line ends, fillers and blanks that look empty, and all characters without
# a shape of their own: soft hyphen, zero width, direction marks, variation selectors, tags.
_INVISIBLE = (
    "\x00-\x20\x7f-\xa0\xad\u034f\u061c\u070f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# Some programs remove a tab or a line end at the start, and then look at what follows.
_ACTIVE_TEXT = re.compile(rf"'*(?:[\t\r\n]|[{_INVISIBLE}]*[{_FORMULA_STARTS}])")


def is_active_text(text: str) -> bool:
    """Return whether a spreadsheet might run a text of a .csv as a formula.

    A text that has apostrophes before such a text counts, too: so that make_text_inert adds one
    more, and restore_inert_text knows which one to remove.
    """
    return _ACTIVE_TEXT.match(text) is not None


def make_text_inert(text: str) -> str:
    """Return the text with an apostrophe before it if it is active; otherwise unchanged."""
    return _APOSTROPHE + text if is_active_text(text) else text


def restore_inert_text(text: str) -> str:
    """Return the text that make_text_inert was given."""
    is_marked = text.startswith(_APOSTROPHE) and is_active_text(text)
    return text[1:] if is_marked else text
