"""The rows of a comparison: changes with the details that a page, an export or a print shows.

An Evaluation is stored as a span: one database row for all consecutive reports of a pack in which
the evaluation is the same. A span can therefore be in both reports. Only the details of the rows
that are shown are loaded.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from django.db.models.lookups import GreaterThan, LessThanOrEqual

from dashboard.comparison import change_words
from dashboard.comparison.differences import (
    Change,
    Comparison,
)
from dashboard.comparison.rule_scope import RuleScope, RuleVersion
from dashboard.models import Evaluation, EvaluationSource, Status
from dashboard.models.evaluations import convert_milliseconds, position_time
from dashboard.queries import report_query
from dashboard.queries.first_seen import FirstSeen, build_first_seen, load_first_position
from dashboard.queries.report_positions import load_positions
from dashboard.text.findings import describe_finding
from dashboard.text.formatting import shorten_middle


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
    # Of the evaluation results beside the file (see models/evaluations.py).
    source: int
    results_status: int
    failing_since_ms: int
    fixed_at_ms: int
    exempt_until: str
    resource_group: str


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
    source=EvaluationSource.FILE,
    results_status=0,
    failing_since_ms=0,
    fixed_at_ms=0,
    exempt_until="",
    resource_group="",
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
    # What states the evaluation, and the evaluation results' status if it differs from the file's.
    source: int
    results_status: int
    # The cloud's own times, and the day on which an exemption ends; None and "" if not stated.
    failing_since: dt.datetime | None
    fixed_at: dt.datetime | None
    exempt_until: str
    resource_group: str
    # The first report with the status in the newer report; None where that lacks the evaluation.
    first_seen: FirstSeen | None
    # The evidence time of the last report that had the evaluation, where the newer lacks it.
    last_seen: dt.datetime | None
    # What the older report says, where both have the evaluation and say different things of it.
    older_finding: str
    # What the older report says; empty where it lacks the evaluation.
    older_actual: str
    older_expected: str
    older_operator: str
    older_property: str
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
        source=details.source,
        results_status=details.results_status,
        failing_since=convert_milliseconds(details.failing_since_ms),
        fixed_at=convert_milliseconds(details.fixed_at_ms),
        exempt_until=details.exempt_until,
        resource_group=details.resource_group,
        first_seen=build_first_seen(newer.since, first_position) if newer else None,
        last_seen=compared.last_seen.get(change.key),
        older_finding=describe_older_finding(comparison, older, newer),
        older_actual=older.actual if older else "",
        older_expected=older.expected if older else "",
        older_operator=older.operator if older else "",
        older_property=older.property_path if older else "",
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
