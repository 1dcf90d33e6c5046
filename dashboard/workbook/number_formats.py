"""Tell which number formats show dates."""

import re
from functools import lru_cache

# Built-in formats have no text in the file. These show dates: ECMA-376 part 1, 18.8.30; those from
# 27 on do so in China, Japan and Korea, those from 71 on in Thailand.
BUILTIN_DATE_FORMATS = frozenset(
    (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59), *range(71, 82))
)
_LITERAL = re.compile(r'"[^"]*"?|\\.|[_*].')  # a text, an escaped character, a space, a fill
_DURATION = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")  # a colour, a condition, a currency, a language
_DATE_LETTER = re.compile(r"[dmyhs]|a{3}", re.IGNORECASE)  # aaa is a day of the week


def is_duration_format(number_format: str) -> bool:
    """Return whether a number format such as `[h]:mm` shows durations."""
    return bool(_DURATION.search(_LITERAL.sub("", number_format).partition(";")[0]))


@lru_cache(maxsize=1024)
def is_date_format(number_format: str) -> bool:
    """Return whether a number format such as `yyyy"年"m"月"` shows dates, times or durations."""
    text = _LITERAL.sub("", number_format)
    if _DURATION.search(text.partition(";")[0]):
        return True
    sections = [_BRACKETS.sub("", section).strip() for section in text.split(";")]
    # The first section may be empty if it has a condition, such as [=0]"";yyyy-mm-dd.
    first_section = next(filter(None, sections), "")
    return first_section.lower() != "general" and bool(_DATE_LETTER.search(first_section))
