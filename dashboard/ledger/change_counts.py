"""Count what came and left since the previous report, for each report and each of its rules.

A report's changes are counted when it becomes ready, and again when an import between the two is
added or withdrawn. Reports stored before these counts existed get them from the worker.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from dashboard.comparison import differences
from dashboard.comparison.change_reasons import ChangeReason, ReasonCounts
from dashboard.comparison.differences import Comparison, RuleLists
from dashboard.ledger import pack_summaries
from dashboard.models import Pack, Report, RuleResult
from dashboard.models.reports import ReportQuerySet

REPORTS_PER_STEP = 200
NO_CHANGES = ReasonCounts(Counter(), Counter())
RULE_CHANGE_FIELDS = ("came", "left", "changes_by_reason")


def compare_with_previous(report: Report, listed_rules: frozenset[int] | None) -> Comparison | None:
    """Compare a report with the ready one before it; return None if there is none.

    `listed_rules` are the rules that the report's file lists, which may not be stored yet.
    """
    earlier_reports = select_ready_reports(report).filter(position__lt=report.position)
    previous = earlier_reports.order_by("position").last()
    if previous is None:
        return None
    [previous_rules] = differences.load_listed_rules(previous)
    rule_lists = RuleLists(previous_rules, listed_rules)
    return differences.compare_reports(previous, report, rule_lists)


def select_ready_reports(report: Report) -> ReportQuerySet:
    """Return the ready reports of the report's pack."""
    return Report.objects.ready().filter(pack=report.pack_id).with_change_fields()


def build_report_fields(comparison: Comparison | None) -> dict[str, Any]:
    """Return the counts by field of Report.

    Came and left are None where there is no report before or the counts would not add up.
    """
    if comparison is None or not comparison.adds_up:
        return {
            "came": None,
            "left": None,
            "changes_by_reason": {},
            "high_risk_changes_by_reason": {},
        }
    counts = comparison.reasons
    return {
        "came": counts.came,
        "left": counts.left,
        "changes_by_reason": build_stored_counts(counts.all_risks),
        "high_risk_changes_by_reason": build_stored_counts(counts.high_risk),
    }


def build_stored_counts(counts: Mapping[ChangeReason, int]) -> dict[str, int]:
    """Return counts as they are stored: by the reason's name, in the order of the reasons."""
    return {reason.value: counts[reason] for reason in ChangeReason if counts.get(reason)}


def set_rule_changes(results: list[RuleResult], comparison: Comparison | None) -> None:
    """Set the counts of each rule's result, without saving it."""
    if comparison is None or not comparison.adds_up:
        for result in results:
            result.came = result.left = None
            result.changes_by_reason = {}
        return
    counts_by_rule = count_reasons_by_rule(comparison)
    for result in results:
        counts = counts_by_rule.get(result.rule_id, NO_CHANGES)
        result.came, result.left = counts.came, counts.left
        result.changes_by_reason = build_stored_counts(counts.all_risks)


def count_reasons_by_rule(comparison: Comparison) -> dict[int, ReasonCounts]:
    changes_by_rule = defaultdict(list)
    for change in comparison.changes:
        if change.reason:
            changes_by_rule[change.rule].append(change)
    return {rule: differences.count_reasons(changes) for rule, changes in changes_by_rule.items()}


def count_changes_again(report: Report) -> None:
    """Store the changes of a ready report since the one now before it, and those of its rules.

    The caller holds the pack's lock, in a transaction.
    """
    [listed_rules] = differences.load_listed_rules(report)
    comparison = compare_with_previous(report, listed_rules)
    results = list(report.rule_results.order_by())
    set_rule_changes(results, comparison)
    RuleResult.objects.bulk_update(results, RULE_CHANGE_FIELDS)
    Report.objects.filter(pk=report.pk).update(**build_report_fields(comparison))


def count_next_report_again(report: Report) -> None:
    """Count the changes of the pack's next ready report again: its predecessor has changed.

    The caller holds the pack's lock, in a transaction.
    """
    later_reports = select_ready_reports(report).filter(position__gt=report.position)
    next_report = later_reports.order_by("position").first()
    if next_report is not None:
        count_changes_again(next_report)


def count_missing_changes(limit: int = REPORTS_PER_STEP) -> int:
    """Count the changes of ready reports that have no counts yet; return how many were counted.

    Each report is a transaction of its own, so that no other writer waits for long.
    """
    counted = 0
    uncounted = Report.objects.with_uncounted_changes().order_by("pack", "position")
    report_ids = list(uncounted.values_list("pk", "pack_id")[:limit])
    for report_id, pack_id in report_ids:
        with transaction.atomic():
            Pack.objects.lock_row(pack_id)
            still_uncounted = Report.objects.with_uncounted_changes().with_change_fields()
            report = still_uncounted.filter(pk=report_id).first()
            if report is not None:
                count_changes_again(report)
                pack_summaries.update_report_fields(pack_id)
                counted += 1
    return counted
