"""List the changes of a comparison: filter them, sort them and count them.

Changes are filtered and sorted in memory. Unchanged evaluations are not in memory: each page of
them is read along an index. A bucket is a kind of change.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.db.models.lookups import GreaterThan, LessThanOrEqual

from dashboard.comparison.buckets import CHANGED_BUCKETS, UNCHANGED_BUCKETS, Bucket
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.differences import (
    Change,
    Comparison,
    load_compared_rows,
    select_changed_spans,
)
from dashboard.comparison.rule_scope import RuleScope
from dashboard.models import Report, Status
from dashboard.models.evaluations import EvaluationQuerySet
from dashboard.queries import report_query, search_words
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.paging import CountedRows

BUCKET_ORDER = {bucket: number for number, bucket in enumerate(Bucket)}


def list_changes(
    comparison: Comparison, rule_scope: RuleScope, row_filter: ComparisonFilter
) -> Sequence[Change[int]]:
    """Return the changes that a filter selects, sorted; unchanged ones are loaded as sliced."""
    if row_filter.bucket is None or row_filter.has_reason or not row_filter.bucket.is_unchanged:
        return sort_changes(filter_changes(comparison, row_filter), comparison, rule_scope)
    unchanged = select_unchanged(comparison, row_filter)

    def load(start: int, stop: int) -> list[Change[int]]:
        return load_unchanged(unchanged[start:stop])

    return CountedRows(count_listed_changes(comparison, row_filter), load)


def count_listed_changes(comparison: Comparison, row_filter: ComparisonFilter) -> int:
    """Return how many changes list_changes returns, without sorting or loading them."""
    bucket = row_filter.bucket
    if bucket and not row_filter.replace(bucket=None).has_conditions:
        return comparison.counts[bucket]
    if bucket and bucket.is_unchanged and not row_filter.has_reason:
        return select_unchanged(comparison, row_filter).count()
    return len(filter_changes(comparison, row_filter))


def filter_changes(comparison: Comparison, row_filter: ComparisonFilter) -> list[Change[int]]:
    """Return the changes that a filter selects, in no order."""
    if row_filter.bucket:
        buckets = {row_filter.bucket}
    else:
        buckets = set(Bucket if row_filter.has_reason else CHANGED_BUCKETS)
    words = row_filter.search_words
    matching_keys = find_keys_by_words(comparison, words) if words else None
    return [
        change
        for change in comparison.changes
        if change.bucket in buckets
        and row_filter.matches_reason(change)
        and row_filter.risk in (None, change.risk)
        and row_filter.rule in (None, change.rule)
        and (matching_keys is None or change.key in matching_keys)
    ]


def find_keys_by_words(comparison: Comparison, words: list[str]) -> set[int]:
    """Return the keys of the changes whose older or newer row contains all the words."""
    condition = search_words.build_words_condition(words, comparison.older, comparison.newer)
    return {
        key
        for spans in select_changed_spans(comparison.older, comparison.newer)
        for key in spans.filter(condition).values_list("key", flat=True)
    }


def sort_changes(
    changes: list[Change[int]], comparison: Comparison, rule_scope: RuleScope
) -> list[Change[int]]:
    """Return the changes sorted by rule, then by bucket, then by resource.

    Rules with new failures come first; then rules are sorted by highest risk, number of new
    failures and name. The order of the rules is computed from all changes of the comparison, so it
    is the same with every filter.
    """
    new_failures = Counter(
        change.rule for change in comparison.changes if change.bucket is Bucket.NEW_FAILURE
    )
    highest_risks: dict[int, int] = {}
    for change in comparison.changes:
        known_risk = highest_risks.get(change.rule, change.risk)
        highest_risks[change.rule] = min(known_risk, change.risk)  # 1 is the highest risk

    def rule_sort_key(rule: int) -> tuple[bool, int, int, str, int]:
        name = rule_scope.get_rule(rule).name
        return not new_failures[rule], highest_risks[rule], -new_failures[rule], name, rule

    sorted_rules = sorted(highest_risks, key=rule_sort_key)
    rule_order = {rule: number for number, rule in enumerate(sorted_rules)}

    def change_sort_key(change: Change[int]) -> tuple[int, int, str, int]:
        rule_place, bucket_place = rule_order[change.rule], BUCKET_ORDER[change.bucket]
        return rule_place, bucket_place, change.resource_id, change.key

    return sorted(changes, key=change_sort_key)


def select_unchanged(comparison: Comparison, row_filter: ComparisonFilter) -> EvaluationQuerySet:
    """Return the newer report's rows that match the filter and have not changed, sorted.

    The filter must have an unchanged bucket. A row is unchanged if its span includes both reports,
    or if the older report has the same status in another span.
    """
    older, newer = comparison.older, comparison.newer
    statuses = [
        status for status, bucket in UNCHANGED_BUCKETS.items() if bucket is row_filter.bucket
    ]
    # The range contains just one key. For a condition key = ..., PostgreSQL would build a hash
    # table of the whole older report.
    same_key = {"key__gte": OuterRef("key"), "key__lte": OuterRef("key")}
    has_same_status_in_older = Exists(
        select_rows_along_index(older).filter(status=OuterRef("status"), **same_key)
    )
    spans_both: LessThanOrEqual[Any] | GreaterThan[Any]
    if comparison.is_swapped:
        spans_both = GreaterThan(report_query.avoid_index("until"), older.position)
    else:
        spans_both = LessThanOrEqual(report_query.avoid_index("first"), older.position)
    rows = select_rows_along_index(newer).filter(spans_both | has_same_status_in_older)
    if len(statuses) == 1:  # for status = ..., the index has the right order; for IN it has not
        rows = rows.filter(status=statuses[0])
    else:
        rows = rows.filter(status__in=statuses)
    if row_filter.risk is not None:
        rows = rows.filter(risk=row_filter.risk)
    if row_filter.rule:
        rows = rows.filter(rule_id=row_filter.rule)
    if row_filter.search_words:
        rows = rows.filter(search_words.build_words_condition(row_filter.search_words, newer))
    return rows.failing_first()


def select_rows_along_index(report: Report) -> EvaluationQuerySet:
    """Return all rows of a report, in a form that does not use the index of spans."""
    return report_query.filter_evaluations(report, EvaluationFilter(), along_index=True)


def load_unchanged(spans: EvaluationQuerySet) -> list[Change[int]]:
    """Load unchanged spans as changes with equal old and new status."""
    changes = []
    for key, rule, number, risk, resource_id in load_compared_rows(spans).values():
        status = Status(number)
        bucket = UNCHANGED_BUCKETS[status]
        changes.append(Change(key, rule, status, status, bucket, risk, resource_id))
    return changes
