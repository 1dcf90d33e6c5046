"""Build the query condition that searches for words in the evaluations of reports."""

from collections.abc import Iterable

from django.db.models import Q

from dashboard.models import Report
from dashboard.queries.rule_summaries import load_rule_summaries
from dashboard.queries.text_conditions import build_part_condition

# Columns with few different values, and the key of Report.filter_choices that lists the values.
SHARED_COLUMNS = (("region", "regions"), ("resource_type", "types"), ("account", "accounts"))
# By column: each value that occurs in the column, with the text in which words are searched.
SharedTexts = dict[str, dict[str | int, str]]


def build_words_condition(words: Iterable[str], *reports: Report) -> Q:
    """Return the condition that a row of these reports contains all words, in any columns."""
    texts = load_shared_texts(reports)
    condition = Q()
    for word in words:
        condition &= build_shared_text_condition(word, texts)
    return condition


def load_shared_texts(reports: Iterable[Report]) -> SharedTexts:
    """Return the texts that many rows share.

    A word is searched in these texts in Python, once, and not in every row by the database.
    """
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


def build_shared_text_condition(word: str, texts: SharedTexts) -> Q:
    """Return the condition that a row contains a case-folded word in any column.

    The word is searched in the row's search text, and in the shared `texts` of its other columns.
    """
    condition = build_part_condition(word)
    for column, text_by_value in texts.items():
        values = [value for value, text in text_by_value.items() if word in text.casefold()]
        if values:
            condition |= Q(**{f"{column}__in": values})
    return condition
