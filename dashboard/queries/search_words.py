"""The search for words in the evaluations of reports."""

from collections.abc import Iterable

from django.db.models import F, Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from dashboard.models import Report
from dashboard.queries.rule_summaries import load_rule_summaries

# Columns whose values many rows share, and where a report lists these values.
SHARED_COLUMNS = (("region", "regions"), ("resource_type", "types"), ("account", "accounts"))
# By column: the values that occur in it, with the text that is searched for each.
SharedTexts = dict[str, dict[str | int, str]]


def match_words(words: Iterable[str], *reports: Report) -> Q:
    """Return the condition of the rows of these reports that contain all words, in any column."""
    texts = load_shared_texts(reports)
    condition = Q()
    for word in words:
        condition &= match_word(word, texts)
    return condition


def load_shared_texts(reports: Iterable[Report]) -> SharedTexts:
    """Return the texts that many rows share, which are searched once instead of in every row."""
    texts: SharedTexts = {
        column: {value: value for report in reports for value in report.filter_choices[choices]}
        for column, choices in SHARED_COLUMNS
    }
    texts["rule"] = {
        summary.rule: f"{summary.name}\n{summary.code}"
        for report in reports
        for summary in load_rule_summaries(report)
    }
    return texts


def match_word(word: str, texts: SharedTexts) -> Q:
    """Return the condition of the rows that contain a case-folded word."""
    condition = Q(GreaterThan(StrIndex(F("search_text"), Value(word)), 0))
    for column, text_by_value in texts.items():
        values = [value for value, text in text_by_value.items() if word in text.casefold()]
        if values:
            condition |= Q(**{f"{column}__in": values})
    return condition
