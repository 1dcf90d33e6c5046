"""Invisible characters: they do not count in headers, words and identifiers."""

import unicodedata
from functools import lru_cache

# Control characters, zero width spaces and joiners, marks of direction, soft hyphens, byte order
# marks, tags, variation selectors and fillers.
_RANGES = (
    (0x0000, 0x0008),
    (0x000E, 0x001F),
    (0x007F, 0x0084),
    (0x0086, 0x009F),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE01EF),
)
INVISIBLE_CHARACTERS = frozenset(
    chr(code) for first, last in _RANGES for code in range(first, last + 1)
)
_REMOVE_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE_CHARACTERS))
_CACHED = 50_000  # a report repeats most of its texts


def remove_invisible(text: str) -> str:
    """Return the text without invisible characters; spaces stay."""
    return text if text.isascii() and text.isprintable() else text.translate(_REMOVE_INVISIBLE)


@lru_cache(_CACHED)
def clean_text(text: str) -> str:
    """Return the text without invisible characters, NUL and spaces at both ends."""
    return text.translate(_REMOVE_INVISIBLE).replace("\0", "").strip()


def normalise_width(text: str) -> str:
    """Return the text in half width (NFKC), without invisible characters and spaces at the ends."""
    return unicodedata.normalize("NFKC", remove_invisible(text)).strip()
