"""The header of every page of a report: the cards with counts, the language, the tabs."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from dashboard import workbook
from dashboard.models import Report, Risk, Status
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.report_query import count_evaluations
from dashboard.text.count_checks import summarize_checks
from dashboard.text.definitions import STATUS_DEFINITIONS
from dashboard.text.formatting import format_number
from dashboard.text.rates import list_named_rates
from dashboard.text.report_remarks import summarize_remarks
from dashboard.text.result_list_words import describe_result_list

# There is a card for each filter; the card shows how many rows the filter matches.
CARD_FILTERS = (
    EvaluationFilter(status=Status.COMPLIANT),
    EvaluationFilter(status=Status.NON_COMPLIANT),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.HIGH),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.MEDIUM),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.LOW),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.NOT_STATED),
    EvaluationFilter(status=Status.IGNORED),
    EvaluationFilter(status=Status.INSUFFICIENT_DATA),
    EvaluationFilter(status=Status.NOT_APPLICABLE),
)


@dataclass(frozen=True)
class CountCard:
    """A count above the tables of a report, with a link to the rows that it counts."""

    label: str
    definition: str  # what the status means, in a sentence
    status_slug: str  # empty for a card of a risk, which has no colour of its own
    count: int
    has_rows: bool  # whether the file lists the counted resources one by one
    counts_resources: bool  # whether the count is the overview's, which counts resources
    query_string: str
    is_current: bool

    @property
    def number(self) -> str:
        """The count as text; a dash for zero, but not where the file's overview states zero."""
        return format_number(self.count if self.counts_resources else self.count or None)


def build_report_header(report: Report, table_filter: EvaluationFilter, tab: str) -> dict[str, Any]:
    """Return the context of report/base.html; `tab` is the name of the tab that is shown."""
    tab_query = table_filter.query_string(sort="")
    return {
        "report": report,
        **language_context(report),
        "table_filter": table_filter,
        "tab": tab,
        "tab_query": "" if tab_query == "?" else tab_query,
        "cards": build_cards(report, table_filter),
        "is_earlier_reading": is_earlier_reading(report),
        "rates": list_named_rates(report),
        "check_summary": summarize_checks(report),
        "remark_summary": summarize_remarks(report),
        "result_list": describe_result_list(report),
    }


def is_earlier_reading(report: Report) -> bool:
    """Return whether an earlier version of the reader read the report's file."""
    return report.reader_version < workbook.READER_VERSION


def language_context(report: Report) -> dict[str, str]:
    """Return the language of the file, also as `foreign_language` if the page's one differs.

    `foreign_language` is empty if the file and the page have the same language.
    """
    language = report.language or "und"
    page_language = (get_language() or "").split("-")[0]
    is_foreign = language.split("-")[0] != page_language
    return {"file_language": language, "foreign_language": language if is_foreign else ""}


def build_cards(report: Report, table_filter: EvaluationFilter) -> list[CountCard]:
    """Return the cards of a report; the card for "risk not stated" only if its count is not 0."""
    cards = [build_card(report, card_filter, table_filter) for card_filter in CARD_FILTERS]
    return [
        card
        for card, card_filter in zip(cards, CARD_FILTERS, strict=True)
        if card.count or card_filter.risk is not Risk.NOT_STATED
    ]


def build_card(
    report: Report, card_filter: EvaluationFilter, table_filter: EvaluationFilter
) -> CountCard:
    """Return the card of a filter; it is current if the table shows the same status and risk."""
    status, risk = card_filter.status, card_filter.risk
    assert status is not None  # noqa: S101  # every card has one
    has_rows = status in report.listed_statuses
    return CountCard(
        label=str(status.label if risk is None else risk.label),
        definition=str(STATUS_DEFINITIONS[status]),
        status_slug=status.slug if risk is None else "",
        count=count_evaluations(report, card_filter) if has_rows else report.counts[status],
        has_rows=has_rows,
        counts_resources=status.name in report.stated_counts.get("shown_from_overview", ()),
        query_string=card_filter.query_string(),
        is_current=(table_filter.status, table_filter.risk) == (status, risk),
    )
