"""Look up the words in headers, labels and sheet names (see column_words)."""

import re
from functools import lru_cache
from typing import NamedTuple

from .column_words import (
    COLUMN_WORDS,
    COUNT_MEANINGS,
    OVERVIEW_TALLY_WORDS,
    SHEET_WORDS,
    UNCERTAIN_COLUMN_WORDS,
)
from .status_codes import normalise_label, parse_risk, parse_status, split_into_words

WORD_LANGUAGES = ("zh-Hans", "zh-Hant", "en", "ja")


def _index_words(words: dict[str, tuple[str, str, str, str]]) -> dict[str, tuple[str, str]]:
    """Return (meaning, language) of each normalised word.

    The language is "" if two languages have the same word.
    """
    index: dict[str, tuple[str, str]] = {}
    for meaning, words_by_language in words.items():
        for language, alternatives in zip(WORD_LANGUAGES, words_by_language, strict=True):
            for word in map(normalise_label, alternatives.split("|")):
                known_meaning, known_language = index.get(word, (meaning, language))
                if known_language == language:
                    index[word] = (meaning, language)
                else:
                    index[word] = (known_meaning, "")
    return index


_COLUMN_INDEX = _index_words(COLUMN_WORDS)
_SHEET_INDEX = _index_words(SHEET_WORDS)
# For each meaning all its words, certain or not.
_UNCERTAIN_INDEXES = {
    meaning: _index_words({meaning: words}) | _index_words({meaning: COLUMN_WORDS[meaning]})
    for meaning, words in UNCERTAIN_COLUMN_WORDS.items()
}
_TALLY_INDEX = _index_words(OVERVIEW_TALLY_WORDS)
# A header that begins with a known word and ends so has another meaning: a rate is no count.
_RATE_ENDINGS = ("率", "占比", "比例", "rate", "ratio", "percentage", "%", "count", "リスク")
# Only a column that counts may end so.
_COUNT_ENDINGS = ("数", "數", "数量", "數量", "件数", "个数", "總數", "总数", "number")
_RESOURCE_WORDS = ("resource", "资源", "資源", "リソース")
_EVALUATION_WORDS = ("evaluation", "检测项", "檢測項", "评估结果", "評估結果", "評価")


# A longer header that begins with such a word has another meaning.
_WHOLE_MEANINGS = {
    "pack_name",
    "template_id",
    "operator",
    "property",
    "results_status",
    "exempt_until",
    "record",
}


def _may_begin_header(word: str) -> bool:
    """Return whether every longer header that begins with this known word has the same meaning.

    Short words are too common for that. The words for counts of resources must name resources,
    because a header such as `Non-Compliant Rules` counts rules.
    """
    meaning, _language = _COLUMN_INDEX[word]
    if meaning in _WHOLE_MEANINGS or word == "generated":
        return False
    if meaning in COUNT_MEANINGS and not any(part in word for part in _RESOURCE_WORDS):
        return False
    return len(word) >= (8 if word.isascii() else 4)


_HEADER_BEGINNING = re.compile(
    "|".join(
        re.escape(word)
        for word in sorted(_COLUMN_INDEX, key=len, reverse=True)
        if _may_begin_header(word)
    )
)


class ColumnMeaning(NamedTuple):
    """The meaning and the language of a column's header.

    With `is_exact`, the whole header is a known word, or the same word in several languages;
    otherwise it only begins with one.
    """

    meaning: str
    language: str
    is_exact: bool


_NO_MEANING = ColumnMeaning(meaning="", language="", is_exact=False)
_MAX_HEADER_LENGTH = 60  # a longer text is no header
_LABEL_PARTS = re.compile(r"[\r\n/|,;、，；·•()\[\]（）【】]+")
_LABEL_SEPARATORS = re.compile(r"[/|,;、，；·•=~+&.。#?]")


@lru_cache(maxsize=4096)
def find_column_meaning(header: str) -> ColumnMeaning:
    """Return the meaning of a column by its header; all its fields are empty if it is unknown."""
    word = normalise_label(header)
    if not word or len(word) > _MAX_HEADER_LENGTH:
        return _NO_MEANING
    if word in _COLUMN_INDEX:
        return ColumnMeaning(*_COLUMN_INDEX[word], is_exact=True)
    if meaning := _find_repeated_meaning(word):
        return meaning
    if word.endswith(_RATE_ENDINGS):
        return _NO_MEANING
    beginning = _HEADER_BEGINNING.match(word)
    known = _COLUMN_INDEX[beginning[0]] if beginning else _find_part_meaning(header)
    is_count = word.endswith(_COUNT_ENDINGS)
    if not known or (is_count and known[0] not in ("total", *COUNT_MEANINGS)):
        return _NO_MEANING
    return ColumnMeaning(*known, is_exact=False)


def _find_repeated_meaning(word: str) -> ColumnMeaning | None:
    """Return the meaning of a header that says the same in two or more languages."""
    words = split_into_words(_LABEL_SEPARATORS.sub("", word), _COLUMN_INDEX) or []
    meanings = {_COLUMN_INDEX[part][0] for part in words}
    if len(meanings) != 1:
        return None
    return ColumnMeaning(*_COLUMN_INDEX[words[0]], is_exact=True)


def _find_part_meaning(header: str) -> tuple[str, str] | None:
    """Return the meaning of the known parts of a header, such as `Rule ID (required)`."""
    words = [normalise_label(part) for part in _LABEL_PARTS.split(header)]
    known = {_COLUMN_INDEX[word][0]: _COLUMN_INDEX[word] for word in words if word in _COLUMN_INDEX}
    return known.popitem()[1] if len(known) == 1 and len(words) > 1 else None


def is_certain_label(header: str) -> bool:
    """Return whether a text is a header for sure, and not a value such as the word of a status."""
    meaning = find_column_meaning(header)
    if not meaning.meaning or (not meaning.is_exact and len(normalise_label(header)) > 40):
        return False
    return parse_status(header) is None and not parse_risk(header)


@lru_cache(maxsize=4096)
def list_uncertain_meanings(header: str) -> tuple[str, ...]:
    """Return the meanings that a header may have if the values of its column agree."""
    word = _LABEL_SEPARATORS.sub("", normalise_label(header))
    if not word or len(word) > _MAX_HEADER_LENGTH:
        return ()
    return tuple(
        meaning
        for meaning, index in _UNCERTAIN_INDEXES.items()
        if split_into_words(word, index) is not None
    )


def find_count_basis(label: str) -> str:
    """Return what a count is of by its label: "resources", "evaluations", or "" if it is silent."""
    word = normalise_label(label)
    if any(part in word for part in _EVALUATION_WORDS):
        return "evaluations"
    return "resources" if any(part in word for part in _RESOURCE_WORDS) else ""


def find_tally_meaning(label: str) -> str:
    """Return the meaning of a label that counts rules or evaluations; "" if it is another one."""
    return _TALLY_INDEX.get(normalise_label(label), ("", ""))[0]


@lru_cache(maxsize=4096)
def find_sheet_role(name: str) -> tuple[str, str]:
    """Return (role, language) of a sheet by its name; ("", "") if the name is unknown.

    Ignore a number or the word for "page" or "part" at the end of the name.
    """
    word = normalise_label(name)
    if word in _SHEET_INDEX:
        return _SHEET_INDEX[word]
    base = strip_sheet_number(word)
    if base in _SHEET_INDEX:
        return _SHEET_INDEX[base]
    if len(base) > _MAX_HEADER_LENGTH:
        return "", ""
    words = split_into_words(_LABEL_SEPARATORS.sub("", base), _SHEET_INDEX) or []
    roles = {_SHEET_INDEX[part][0] for part in words}
    return _SHEET_INDEX[words[0]] if len(roles) == 1 else ("", "")


_SHEET_NUMBER = re.compile(r"(?:[./第]|page|part|续|續|cont(?:inued)?)*[0-9]*[页頁部分]*$")


def strip_sheet_number(name: str) -> str:
    """Return the normalised name of a sheet without the number that its continuation has."""
    return _SHEET_NUMBER.sub("", normalise_label(name))
