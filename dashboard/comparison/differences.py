"""Find what changed between two reports of a pack, always from the older to the newer.

Only the spans that end or begin between the two reports are read. What stands unchanged in both is
counted from the newer report's totals.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Generic, NamedTuple, TypeVar

from dashboard.comparison.buckets import UNCHANGED_BUCKETS, Bucket, ListedStatuses
from dashboard.models import Evaluation, Report, Status
from dashboard.models.evaluations import EvaluationQuerySet

# A rule's id in the database; its key where files are compared that were never imported.
RuleId = TypeVar("RuleId", bound=Hashable)


class ComparedRow(NamedTuple, Generic[RuleId]):
    """An evaluation of one report, as far as a comparison needs it."""

    key: int
    rule: RuleId
    status: int
    risk: int
    resource_id: str


class Change(NamedTuple, Generic[RuleId]):
    """An evaluation in both reports; a status is None where the report lacks it.

    The risk is the newer report's, or the older's where the newer lacks the evaluation.
    """

    key: int
    rule: RuleId
    old_status: Status | None
    new_status: Status | None
    bucket: Bucket
    risk: int
    resource_id: str


def find_changes(
    older_rows: Mapping[int, ComparedRow[RuleId]],
    newer_rows: Mapping[int, ComparedRow[RuleId]],
    listed_statuses: ListedStatuses,
) -> Iterator[Change[RuleId]]:
    """Return the evaluations whose status differs between two sets of rows, which are by key."""

    @cache
    def classify(old: int | None, new: int | None) -> tuple[Status | None, Status | None, Bucket]:
        old_status = None if old is None else Status(old)
        new_status = None if new is None else Status(new)
        return old_status, new_status, listed_statuses.classify(old_status, new_status)

    for key, row in newer_rows.items():
        old = older_rows[key].status if key in older_rows else None
        if old != row.status:
            yield Change(key, row.rule, *classify(old, row.status), row.risk, row.resource_id)
    for key, row in older_rows.items():
        if key not in newer_rows:
            yield Change(key, row.rule, *classify(row.status, None), row.risk, row.resource_id)


def count_buckets(
    changes: Iterable[Change[RuleId]], newer_totals: Mapping[Status, int]
) -> Counter[Bucket]:
    """Return how many evaluations each bucket holds; the totals are the newer report's rows."""
    changes = list(changes)
    counts = Counter(change.bucket for change in changes)
    changed_to = Counter(change.new_status for change in changes)
    for status, bucket in UNCHANGED_BUCKETS.items():
        counts[bucket] += newer_totals.get(status, 0) - changed_to[status]
    return counts


class RateCounts(NamedTuple):
    """The evaluations of which a rate is made."""

    compliant: int
    failing: int


@dataclass(frozen=True)
class Comparison:
    """Two reports of a pack, and every evaluation whose status differs."""

    older: Report
    newer: Report
    changes: list[Change[int]]

    @property
    def listed_statuses(self) -> ListedStatuses:
        return pair_listed_statuses(self.older, self.newer)

    @cached_property
    def counts(self) -> Counter[Bucket]:
        """How many evaluations each bucket holds."""
        listed = self.newer.listed_statuses
        totals = {status: count for status, count in self.newer.counts.items() if status in listed}
        return count_buckets(self.changes, totals)

    @property
    def reported_rates(self) -> tuple[RateCounts, RateCounts]:
        """The counts of each report's rate over all that the report judges."""
        return RateCounts(*self.older.rated), RateCounts(*self.newer.rated)

    @property
    def common_rates(self) -> tuple[RateCounts, RateCounts] | None:
        """The counts of each report's rate over what both reports judge.

        None where a file does not list what is compliant.
        """
        if not self.listed_statuses.both_list_compliant:
            return None
        only_older = Counter(
            change.old_status for change in self.changes if change.new_status is None
        )
        only_newer = Counter(
            change.new_status for change in self.changes if change.old_status is None
        )
        return subtract_rated(self.older, only_older), subtract_rated(self.newer, only_newer)


def subtract_rated(report: Report, excluded: Mapping[Status | None, int]) -> RateCounts:
    """Return the counts of the report's rate without some evaluations, given by status."""
    return RateCounts(
        report.compliant - excluded[Status.COMPLIANT],
        report.failing - excluded[Status.NON_COMPLIANT],
    )


def compare_reports(report: Report, other: Report) -> Comparison:
    """Compare two ready reports of one pack, in either order."""
    older, newer = sort_by_position(report, other)
    ended_spans, begun_spans = select_changed_spans(older, newer)
    changes = find_changes(
        load_compared_rows(ended_spans),
        load_compared_rows(begun_spans),
        pair_listed_statuses(older, newer),
    )
    return Comparison(older, newer, list(changes))


def sort_by_position(report: Report, other: Report) -> tuple[Report, Report]:
    """Return two ready reports, the older one first."""
    assert report.position is not None  # noqa: S101  # ready reports have a position
    assert other.position is not None  # noqa: S101  # ready reports have a position
    return (report, other) if report.position <= other.position else (other, report)


def pair_listed_statuses(older: Report, newer: Report) -> ListedStatuses:
    return ListedStatuses(frozenset(older.listed_statuses), frozenset(newer.listed_statuses))


def load_compared_rows(spans: EvaluationQuerySet) -> dict[int, ComparedRow[int]]:
    """Return the spans as rows by evaluation key."""
    columns = spans.values_list("key", "rule_id", "status", "risk", "resource_id")
    rows: Iterator[ComparedRow[int]] = map(ComparedRow._make, columns)
    return {row.key: row for row in rows}


def select_changed_spans(
    older: Report, newer: Report
) -> tuple[EvaluationQuerySet, EvaluationQuerySet]:
    """Return the older report's spans that end by the newer, and the newer's begun since."""
    spans = Evaluation.objects.filter(pack=older.pack_id)
    ended = spans.ended().filter(
        first__lte=older.position, until__gt=older.position, until__lte=newer.position
    )
    begun = spans.filter(
        first__gt=older.position, first__lte=newer.position, until__gt=newer.position
    )
    return ended, begun
