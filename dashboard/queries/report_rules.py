"""The rules of a report: filter them, sort them, and find since when each rule is failing.

A position is the order number of a report in its pack.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from dashboard.models import Evaluation, Report
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.report_cache import get_or_load
from dashboard.queries.report_query import filter_evaluations
from dashboard.queries.rule_summaries import RuleSummary, load_rule_summaries

RULE_ORDERS: dict[str, tuple[Callable[[RuleSummary], Any], Any]] = {
    "name": (lambda summary: summary.name.casefold(), _("by name")),
    "risk": (lambda summary: summary.risk, _("by risk")),
    "failing": (lambda summary: summary.failing, _("by failing resources")),
    "change": (
        lambda summary: (summary.came or 0, summary.left or 0),
        _("by change since the last report"),
    ),
}


def filter_rules(report: Report, table_filter: EvaluationFilter) -> list[RuleSummary]:
    """Return the rules that match the filter, in the order that the filter names.

    Risk, rule and status are compared with the stored counts. Only the other conditions (region,
    resource type, account, source, search words) need a query of the report's rows.
    """
    summaries = [
        summary
        for summary in load_rule_summaries(report)
        if counts_match_filter(summary, table_filter)
    ]
    if table_filter.needs_row_scan:
        summaries = keep_rules_with_matching_rows(report, summaries, table_filter)
    if table_filter.sort:
        sort_key, _label = RULE_ORDERS[table_filter.sort.removeprefix("-")]
        summaries.sort(key=sort_key, reverse=table_filter.sort.startswith("-"))
    return summaries


def counts_match_filter(summary: RuleSummary, table_filter: EvaluationFilter) -> bool:
    """Return whether a rule has the filter's risk and id, and rows of the filter's status.

    A condition that the filter does not set matches every rule.
    """
    return (
        table_filter.risk in (None, summary.risk)
        and table_filter.rule in (None, summary.rule)
        and (table_filter.status is None or getattr(summary, table_filter.status.field) > 0)
    )


def keep_rules_with_matching_rows(
    report: Report, summaries: list[RuleSummary], table_filter: EvaluationFilter
) -> list[RuleSummary]:
    """Return the rules that have a row which matches the filter.

    If the filter has search words but no region, type, account or source, a rule whose own name or
    id contains all the words is returned too.
    """
    matching_rows = filter_evaluations(report, table_filter)
    rule_ids = set(matching_rows.values_list("rule_id", flat=True).distinct())
    is_search_only = table_filter.search_words and not table_filter.has_row_conditions
    return [
        summary
        for summary in summaries
        if summary.rule in rule_ids
        or (is_search_only and rule_contains_words(summary, table_filter.search_words))
    ]


def rule_contains_words(summary: RuleSummary, words: list[str]) -> bool:
    """Return whether the rule's name or ids contain all these case-folded words."""
    text = f"{summary.name}\n{summary.code}\n{summary.identifier}".casefold()
    return all(word in text for word in words)


def load_failing_since(report: Report) -> dict[int, int]:
    """Return the position since which a row of each rule fails without a break, by rule id.

    It is the smallest `since` of the rule's failing rows; rules without one are left out.
    """

    def query_failing_since() -> dict[int, int]:
        # The subquery reads one index entry for each rule: the first one that is in the report.
        failing_rows = (
            Evaluation.objects.at(report.pack_id, report.position or 0)
            .failing()
            .filter(rule=OuterRef("rule"))
        )
        earliest = Subquery(failing_rows.order_by("since").values("since")[:1])
        failing_rules = report.rule_results.filter(failing__gt=0).order_by()
        pairs = failing_rules.values_list("rule_id", earliest)
        return {rule_id: since for rule_id, since in pairs if since}

    # An older report that is imported, withdrawn or restored may move the moment at which a failure
    # began. While its spans are being stored or removed, the result is not cached.
    state = Report.State
    counts = Report.objects.filter(pack=report.pack_id).aggregate(
        earlier=Count("pk", Q(state=state.READY, position__lt=report.position), distinct=True),
        unfinished=Count("pk", ~Q(state=state.READY) & Q(position__isnull=False), distinct=True),
        decisions=Count("audit", Q(audit__action__in=("withdraw", "restore")), distinct=True),
    )
    if counts["unfinished"]:
        return query_failing_since()
    version = f"since-{counts['earlier']}-{counts['decisions']}"
    return get_or_load(report, version, query_failing_since)
