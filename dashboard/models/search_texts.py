"""Texts in which a search finds any part of a name or an id.

The texts of packs and accounts are few: a search reads all of them. Those of rules and resources
have an index of every three neighbouring characters (trigram). On SQLite it is an FTS5 table beside
the table of the texts, kept up to date by triggers; on PostgreSQL it is a GIN index of the
extension pg_trgm. Migration 0019 makes both, queries/search.py uses them.
"""

import re
from itertools import pairwise

TRIGRAM_LENGTH = 3
# Chinese, Japanese and Korean characters, of which two are a word already.
WORD_CHARACTERS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
WORDS = re.compile(f"[{WORD_CHARACTERS}]{{2,}}")
PAIR = re.compile(f"[{WORD_CHARACTERS}]{{2}}")


def fold_lines(*texts: str) -> str:
    """Return the texts that are not empty, case-folded, each on a line."""
    return "\n".join(filter(None, texts)).casefold()


def build_search_text(*texts: str) -> str:
    """Return the lines of fold_lines, made for the index.

    Each pair of neighbouring Chinese, Japanese or Korean characters follows on a line of its own:
    so a word of two characters has trigrams too, with the line ends.
    """
    text = fold_lines(*texts)
    pairs = {first + second for word in WORDS.findall(text) for first, second in pairwise(word)}
    return "\n".join((text, *sorted(pairs), "")) if pairs else text


def build_searched_part(text: str) -> str:
    """Return the part of search texts that a search for `text` looks for.

    It is empty if `text` is too short for the index.
    """
    part = text.replace("\n", " ").casefold()
    if PAIR.fullmatch(part):
        return f"\n{part}\n"
    return part if len(part) >= TRIGRAM_LENGTH else ""
