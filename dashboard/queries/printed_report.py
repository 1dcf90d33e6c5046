"""The rules and rows of a printed report: rules with their failing resources, each by rule."""

from dataclasses import dataclass

from django.core.paginator import Page

from dashboard.models import Evaluation, Report, Status
from dashboard.queries import report_query, report_rules
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.report_rows import (
    ResourceRow,
    RuleRow,
    build_resource_rows,
    build_rule_rows,
)
from dashboard.queries.rule_summaries import RuleSummary, load_rule_summaries
from dashboard.text.count_checks import find_number_of_all_rules

PRINTED_RESOURCES = 2_000  # at most; a longer report says that it is cut


@dataclass(frozen=True)
class RuleResources:
    """The printed rows of one rule, and how many evaluations with their status the rule has."""

    rule: RuleSummary
    rows: list[ResourceRow]
    total: int


@dataclass(frozen=True)
class PrintedReport:
    """What a printed report lists; `status` is that of its resources."""

    rules: list[RuleRow]
    all_rules: int | None  # what the overview counts if the file lists only some
    status: Status
    groups: list[RuleResources]
    page: Page[Evaluation]
    total: int  # evaluations with the status, also those that the filter leaves out
    filter_text: str  # empty for a whole report


def load_printed_report(report: Report, row_filter: EvaluationFilter) -> PrintedReport:
    """Return the rules and resources of a report that match a filter.

    Without a status in the filter, the resources are the failing ones.
    """
    status = row_filter.status or Status.NON_COMPLIANT
    page = report_query.load_page(report, row_filter.replace(status=status), PRINTED_RESOURCES)
    rows_by_rule: dict[int, list[ResourceRow]] = {}
    for row in build_resource_rows(report, page):
        rows_by_rule.setdefault(row.evaluation.rule_id, []).append(row)
    rules = {summary.rule: summary for summary in load_rule_summaries(report)}
    filtered_rule = rules.get(row_filter.rule or 0)
    filter_text = row_filter.describe(filtered_rule.name if filtered_rule else "")
    return PrintedReport(
        all_rules=find_number_of_all_rules(report),
        rules=build_rule_rows(
            report, report_rules.filter_rules(report, row_filter.replace(status=None))
        ),
        status=status,
        groups=[
            RuleResources(rules[rule], rows, getattr(rules[rule], status.field))
            for rule, rows in rows_by_rule.items()
        ],
        page=page,
        total=report.counts[status],
        filter_text=filter_text if row_filter.has_conditions else "",
    )
