"""Detect the encoding of texts and of text files: the one in which known column heads appear."""

import codecs
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .errors import WorkbookError
from .vocabulary import find_column_meaning, find_sheet_role

DETECTION_SIZE = 65_536  # only so many bytes or characters at the start of a file are examined
REPLACEMENT = "\ufffd"  # stands for bytes that are no character of the encoding
_SAMPLE_SIZE = 2000  # bytes
_LAST_PLANE = 0x10  # of Unicode
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings without a mark, the most frequent ones first.
_EAST_ASIAN_ENCODINGS = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")
_UTF16_ENCODINGS = ("utf-16-le", "utf-16-be")
# Names of encodings that web pages and workbooks use for another one, which has more characters.
_WIDER_ENCODINGS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
_DECLARATION = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_DECLARATION_SIZE = 4096  # bytes at the start of a page
_LABEL_ENDS = re.compile(r"[,;|<>\"\t\r\n\0]+")
_EXAMINED_LABELS = 2_000
_RARE = 0.01  # the share of bad bytes among all others that are not ASCII, in a file with few


class _Score(NamedTuple):
    """How well an encoding fits; the larger one is better."""

    known_heads: int
    bad_characters: int  # the number of them below 0


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file; decode it with errors="replace".

    The encoding that a page states itself counts if it gives as many known heads as any other.
    Raise WorkbookError if no encoding fits, or if the file ends within a
    character of UTF-8.
    """
    with path.open("rb") as file:
        start = file.read(DETECTION_SIZE)
        for mark, name in _BYTE_ORDER_MARKS:
            if start.startswith(mark):
                return name
        if name := _detect_utf32_by_zeros(start) or _detect_utf16_by_zeros(start):
            return name
        if _is_decodable(file, "utf-8"):
            return "utf-8"
        candidates = _list_candidates(_find_declaration(start), len(start))
        name, score = _choose_best([start], candidates)
        if score.known_heads:
            return name
        for name in candidates:
            if name not in _UTF16_ENCODINGS and _is_decodable(file, name):
                return name
        if _has_few_bad_characters(start):
            return "utf-8"
    raise WorkbookError("unknown")


def choose_encoding(texts: Sequence[bytes], declared: str = "") -> str:
    """Return the encoding of texts which are all of one file, such as those of an old workbook."""
    candidates = [*filter(None, [find_codec(declared)]), "utf-8", *_EAST_ASIAN_ENCODINGS]
    name, score = _choose_best(texts, candidates)
    if score.known_heads:
        return name
    for name in candidates:
        with suppress(UnicodeDecodeError):
            for text in texts:
                text.decode(name)
            return name
    return find_codec(declared) or "cp1252"


def find_codec(name: str) -> str:
    """Return Python's name of an encoding, "" if it is unknown or no encoding of texts."""
    try:
        codec = codecs.lookup(name.strip()).name
        "".encode(codec)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return ""
    return _WIDER_ENCODINGS.get(codec, codec)


def _detect_utf32_by_zeros(start: bytes) -> str:
    """Return which UTF-32 a text without a mark has; "" if it has none.

    In UTF-32, the first byte of a character is 0 and the second at most 16.
    """
    sample = start[: min(_SAMPLE_SIZE, len(start) // 4 * 4)]
    if not sample or len(start) % 4:
        return ""
    if not any(sample[0::4]) and max(sample[1::4]) <= _LAST_PLANE:
        return "utf-32-be"
    if not any(sample[3::4]) and max(sample[2::4]) <= _LAST_PLANE:
        return "utf-32-le"
    return ""


def _detect_utf16_by_zeros(start: bytes) -> str:
    """Return which UTF-16 a text without a mark has; "" if it has few zero bytes.

    In UTF-16, the high byte of an ASCII character is 0. Many zero bytes mean UTF-16, and the byte
    of each pair that is more often 0 is the high byte.
    """
    sample = start[:_SAMPLE_SIZE]
    if sample.count(0) <= len(sample) // 4:
        return ""
    first_bytes, second_bytes = sample[0::2], sample[1::2]
    is_high_byte_second = second_bytes.count(0) > first_bytes.count(0)
    return "utf-16-le" if is_high_byte_second else "utf-16-be"


def _find_declaration(start: bytes) -> str:
    """Return the encoding that a page or XML states; "" if it states none."""
    if not start.lstrip().startswith(b"<"):
        return ""
    declaration = _DECLARATION.search(start[:_DECLARATION_SIZE])
    return declaration[1].decode() if declaration else ""


def _list_candidates(declared: str, size: int) -> list[str]:
    candidates = [*filter(None, [find_codec(declared)]), "utf-8", *_EAST_ASIAN_ENCODINGS]
    if size % 2 == 0:
        candidates += _UTF16_ENCODINGS
    return candidates


def _choose_best(texts: Sequence[bytes], candidates: Iterable[str]) -> tuple[str, _Score]:
    """Return the candidate with the most known heads, then with the fewest bad characters."""
    scores = [(_score_encoding(texts, name), name) for name in candidates]
    best_score = max(score for score, _name in scores)
    return next((name, score) for score, name in scores if score == best_score)


def _score_encoding(texts: Sequence[bytes], encoding: str) -> _Score:
    decoded = [text.decode(encoding, "replace") for text in texts]
    labels = (
        label.strip("\ufeff \u3000=")
        for text in decoded
        for label in _LABEL_ENDS.split(text)[:_EXAMINED_LABELS]
    )
    known_words = {
        word
        for label in labels
        if (word := find_column_meaning(label).meaning or find_sheet_role(label)[0])
    }
    return _Score(len(known_words), -sum(text.count(REPLACEMENT) for text in decoded))


def _is_decodable(file: BinaryIO, encoding: str) -> bool:
    """Return whether the whole file can be decoded with this encoding.

    Raise WorkbookError if it is UTF-8 whose last character is incomplete: the file is truncated.
    """
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(1 << 20):
            decoder.decode(block)
    except UnicodeDecodeError:
        return False
    undecoded_bytes, _flags = decoder.getstate()
    if undecoded_bytes and encoding == "utf-8":
        raise WorkbookError("truncated")
    return not undecoded_bytes


def _has_few_bad_characters(start: bytes) -> bool:
    """Return whether a text is UTF-8 but for a few bytes."""
    text = start.decode("utf-8", "replace")
    bad_characters = text.count(REPLACEMENT)
    good_characters = sum(character > "\x7f" for character in text) - bad_characters
    return bad_characters <= max(good_characters * _RARE, 1) and "\0" not in text
