"""Query conditions on search texts: the same rows on all databases.

A search text is case-folded already, and every character of a searched text stands for itself: so
no LIKE, which folds on SQLite and has wildcards.
"""

from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Concat, StrIndex
from django.db.models.lookups import GreaterThan


def build_part_condition(part: str, field: str = "search_text") -> Q:
    """Return the condition that a search text contains a case-folded part."""
    return Q(GreaterThan(StrIndex(F(field), Value(part)), 0))


def build_names_condition(text: str, field: str = "search_text") -> Q:
    """Return the condition that each word of a text is in a search text."""
    condition = Q()
    for word in text.casefold().split():
        condition &= build_part_condition(word, field)
    return condition


def build_line_condition(text: str, field: str = "search_text") -> Q:
    """Return the condition that a whole line of a search text is the text, in any case."""
    lines = Concat(Value("\n"), field, Value("\n"), output_field=TextField())
    return Q(GreaterThan(StrIndex(lines, Value(f"\n{text.casefold()}\n")), 0))
