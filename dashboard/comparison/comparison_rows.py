"""The rows of a comparison: filter and sort the changes, and load the details of a page.

Changes are filtered and sorted in memory, and only the details of one page are loaded. Unchanged
evaluations are not in memory: each page of them is read along an index.

An Evaluation is stored as a span: one database row for all consecutive reports of a pack in which
the evaluation is the same. A span can therefore be in both reports. A bucket is a kind of change.
"""

import datetime as dt
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef
from django.db.models.lookups import GreaterThan, LessThanOrEqual

from dashboard.comparison import change_words
from dashboard.comparison.buckets import CHANGED_BUCKETS, UNCHANGED_BUCKETS, Bucket
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.differences import (
    Change,
    Comparison,
    load_compared_rows,
    select_changed_spans,
)
from dashboard.comparison.rule_scope import RuleScope, RuleVersion
from dashboard.models import Evaluation, Report, Status
from dashboard.models.evaluations import EvaluationQuerySet, position_time
from dashboard.queries import report_query, search_words
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.first_seen import FirstSeen, build_first_seen, load_first_position
from dashboard.queries.paging import CountedRows
from dashboard.queries.report_positions import load_positions
from dashboard.text.findings import describe_finding
from dashboard.text.formatting import shorten_middle

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
    condition = search_words.match_words(words, comparison.older, comparison.newer)
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
        rows = rows.filter(search_words.match_words(row_filter.search_words, newer))
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


class EvaluationDetails(NamedTuple):
    """The details of an evaluation in one report."""

    resource: int
    account: str
    region: str
    resource_type: str
    resource_name: str
    actual: str
    expected: str
    operator: str
    property_path: str
    reason: str
    since: int  # the position of the first report with this status


NO_DETAILS = EvaluationDetails(
    resource=0,
    account="",
    region="",
    resource_type="",
    resource_name="",
    actual="",
    expected="",
    operator="",
    property_path="",
    reason="",
    since=0,
)


class ComparedDetails(NamedTuple):
    """What each of two reports says of some evaluations, by key."""

    older: dict[int, EvaluationDetails]
    newer: dict[int, EvaluationDetails]
    # Of evaluations that the newer report lacks: the time of the last report before it that had it.
    last_seen: dict[int, dt.datetime]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change with everything that a page, an export or a printed document shows.

    The details come from the newer report, or from the older one if the newer report does not have
    the evaluation.
    """

    change: Change[int]
    description: str
    # The slug of the new status, or "not-applicable" if the newer report has no status.
    status_slug: str
    resource: int
    resource_id: str
    resource_name: str
    resource_type: str
    region: str
    account: str
    actual: str
    expected: str
    operator: str
    property_path: str
    reason: str
    # The first report with the status in the newer report; None where that lacks the evaluation.
    first_seen: FirstSeen | None
    # The evidence time of the last report that had the evaluation, where the newer lacks it.
    last_seen: dt.datetime | None
    # What the older report says, where both have the evaluation and say different things of it.
    older_finding: str
    # What the older report says; empty where it lacks the evaluation.
    older_actual: str
    older_expected: str
    older_reason: str

    @property
    def short_resource_id(self) -> str:
        """The resource id, shortened in the middle; shorter still if a name is shown below."""
        return shorten_middle(self.resource_id, 26 if self.resource_name else 40)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The rows of one rule.

    `added` and `removed` say that only the newer or only the older report has the rule.
    """

    rule: RuleVersion
    rows: list[ChangeRow]
    added: bool
    removed: bool


def group_rows_by_rule(rows: Sequence[ChangeRow], rule_scope: RuleScope) -> list[RuleGroup]:
    """Return the rows grouped by rule; the order of the rules and of the rows is kept."""
    rows_by_rule: dict[int, list[ChangeRow]] = {}
    for row in rows:
        rows_by_rule.setdefault(row.change.rule, []).append(row)
    return [
        RuleGroup(
            rule=rule_scope.get_rule(rule),
            rows=rule_rows,
            added=rule_scope.is_added(rule),
            removed=rule_scope.is_removed(rule),
        )
        for rule, rule_rows in rows_by_rule.items()
    ]


def build_change_rows(
    comparison: Comparison, rule_scope: RuleScope, changes: Sequence[Change[int]]
) -> list[ChangeRow]:
    """Return the changes with what both reports say of them, in one query."""
    details = load_details(comparison, [change.key for change in changes])
    first_position = load_first_position(comparison.newer.pack_id)
    describe = cache(change_words.describe_change)
    rows = []
    for change in changes:
        description = describe(
            comparison.older.lists_compliant,
            comparison.newer.lists_compliant,
            change.old_status,
            change.new_status,
            change.bucket,
            rule_scope.is_added(change.rule),
            rule_scope.is_removed(change.rule),
        )
        rows.append(make_change_row(change, description, details, first_position, comparison))
    return rows


def make_change_row(
    change: Change[int],
    description: str,
    compared: ComparedDetails,
    first_position: int | None,
    comparison: Comparison,
) -> ChangeRow:
    older, newer = compared.older.get(change.key), compared.newer.get(change.key)
    details = newer or older or NO_DETAILS
    return ChangeRow(
        change=change,
        description=description,
        status_slug=(change.new_status or Status.NOT_APPLICABLE).slug,
        resource=details.resource,
        resource_id=change.resource_id,
        resource_name=details.resource_name,
        resource_type=details.resource_type,
        region=details.region,
        account=details.account,
        actual=details.actual,
        expected=details.expected,
        operator=details.operator,
        property_path=details.property_path,
        reason=details.reason,
        first_seen=build_first_seen(newer.since, first_position) if newer else None,
        last_seen=compared.last_seen.get(change.key),
        older_finding=describe_older_finding(comparison, older, newer),
        older_actual=older.actual if older else "",
        older_expected=older.expected if older else "",
        older_reason=older.reason if older else "",
    )


def describe_older_finding(
    comparison: Comparison, older: EvaluationDetails | None, newer: EvaluationDetails | None
) -> str:
    """Return the older report's actual value and reason if they differ from the newer report's.

    Return "" if they are equal, if a report does not have the evaluation, or if the reports are in
    different languages.
    """
    if not older or not newer or comparison.older.language != comparison.newer.language:
        return ""
    newer_finding = (newer.actual, newer.expected, newer.reason)
    # Without an operator on both sides, one may have been read by an earlier version.
    has_other_operator = older.operator and newer.operator and older.operator != newer.operator
    if (older.actual, older.expected, older.reason) == newer_finding and not has_other_operator:
        return ""
    return " · ".join(filter(None, (describe_finding(older), older.reason)))


def load_details(comparison: Comparison, keys: list[int]) -> ComparedDetails:
    """Return what the older and what the newer report say of these keys.

    A span that includes both reports gives the details for both.
    """
    older_position = comparison.older.position or 0
    newer_position = comparison.newer.position or 0
    spans = Evaluation.objects.filter(
        LessThanOrEqual(report_query.avoid_index("first"), max(older_position, newer_position)),
        GreaterThan(report_query.avoid_index("until"), min(older_position, newer_position)),
        pack=comparison.newer.pack_id,
        key__in=keys,
    )
    older: dict[int, EvaluationDetails] = {}
    newer: dict[int, EvaluationDetails] = {}
    ends: dict[int, int] = {}
    for key, first, until, *values in spans.values_list(
        "key", "first", "until", *EvaluationDetails._fields
    ):
        details = EvaluationDetails(*values)
        ends[key] = max(until, ends.get(key, 0))
        if first <= older_position < until:
            older[key] = details
        if first <= newer_position < until:
            newer[key] = details
    last_seen = find_last_seen(
        comparison, {key: end for key, end in ends.items() if key not in newer}
    )
    return ComparedDetails(older, newer, last_seen)


def find_last_seen(comparison: Comparison, ends: dict[int, int]) -> dict[int, dt.datetime]:
    """Return the time of the last report before each end, which is a position, by key.

    The result is empty for a swapped comparison, where what is missing was not seen yet.
    """
    if not ends or comparison.is_swapped:
        return {}
    positions = load_positions(comparison.newer, comparison.older.position or 0)
    return {
        key: position_time(positions[bisect_left(positions, end) - 1]) for key, end in ends.items()
    }
