"""Texts as a cell of .xlsx may hold them: without forbidden characters, and not too long."""

import re

XLSX_CELL_UNITS = 32_767  # UTF-16 units: a character beyond U+FFFF has two
CUT_MARK = "…"
# XML has no form for these: controls, halves of surrogate pairs, and two that are no characters.
# Excel takes "_x0041_" for the character with this number; a carriage return needs that form.
_SPECIAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|\r|_(?=x[0-9A-Fa-f]{4}_)"
)
_REPLACEMENTS = {"\r": "_x000D_", "_": "_x005F_"}
_PART_OF_ESCAPE = re.compile("_(x[0-9A-Fa-f]{0,4})?$")


def clean_xlsx_text(text: str) -> tuple[str, bool]:
    """Return a text for a cell, and whether it had to be cut to the length that Excel allows."""
    cleaned = _SPECIAL.sub(_replace_special, text)
    if count_utf16_units(cleaned) <= XLSX_CELL_UNITS:
        return cleaned, False
    kept = cut_utf16(cleaned, XLSX_CELL_UNITS - len(CUT_MARK))
    return _PART_OF_ESCAPE.sub("", kept) + CUT_MARK, True


def count_utf16_units(text: str) -> int:
    """Return the length of a text as Excel counts it."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def cut_utf16(text: str, units: int) -> str:
    """Return the longest start of a text that has at most so many UTF-16 units."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _replace_special(match: re.Match[str]) -> str:
    return _REPLACEMENTS.get(match[0], "\ufffd")
