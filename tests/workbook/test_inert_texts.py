"""Texts that would be formulas in a .csv are made inert, and can be restored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.workbook.inert_texts import make_text_inert, restore_inert_text

STARTS = "=+-@＝＋－＠"
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"  # look empty, but are no spaces to Unicode
INVISIBLE = [
    chr(number)
    for number in range(0x110000)
    if not 0xD800 <= number <= 0xDFFF
    and (
        unicodedata.category(chr(number)) in {"Cc", "Zs", "Zl", "Zp"}
        or chr(number) in BLANK_LETTERS
        or 0xFE00 <= number <= 0xFE0F
        or number in (0xFEFF, 0xAD)
        or 0x200B <= number <= 0x200F
        or 0x202A <= number <= 0x202E
        or 0x2060 <= number <= 0x2069
    )
]
prefixes = st.text(st.sampled_from(INVISIBLE), max_size=5)


@given(prefixes, st.sampled_from(STARTS), st.text(max_size=20))
def test_a_formula_is_inert_behind_invisible_characters(prefix: str, start: str, rest: str) -> None:
    assert make_text_inert(prefix + start + rest) == f"'{prefix}{start}{rest}"


@pytest.mark.parametrize("invisible", INVISIBLE)
def test_every_space_and_invisible_character_is_known(invisible: str) -> None:
    assert make_text_inert(f"{invisible}=1+1").startswith("'")


@given(st.text(st.one_of(st.sampled_from([*STARTS, "'", *INVISIBLE]), st.characters())))
def test_what_was_made_inert_can_be_restored(text: str) -> None:
    assert restore_inert_text(make_text_inert(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "不合规", "'quoted'", "i-0001", "(=1)", " a -1"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert make_text_inert(text) == restore_inert_text(text) == text
