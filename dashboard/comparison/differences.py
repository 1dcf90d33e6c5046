"""Find what changed between two reports of a pack, always from the older to the newer report.

An Evaluation is stored as a span: one database row for all consecutive reports of a pack in which
the evaluation is the same, from position `first` up to, but without, position `until`. A position
is the order number of a report in its pack. Only the spans that end or begin between the two
reports are read. Unchanged evaluations are counted from the newer report's totals.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Generic, NamedTuple, TypeVar

from dashboard.comparison.buckets import UNCHANGED_BUCKETS, Bucket, ListedStatuses
from dashboard.comparison.change_reasons import ChangeReason, ReasonCounts, find_reason
from dashboard.models import Evaluation, Report, Risk, RuleResult, Status
from dashboard.models.evaluations import EvaluationQuerySet

# The id of a rule in the database, or the rule's key in a file that was never imported.
RuleId = TypeVar("RuleId", bound=Hashable)


class ComparedRow(NamedTuple, Generic[RuleId]):
    """The values of an evaluation in one report that a comparison needs."""

    key: int
    rule: RuleId
    status: int
    risk: int
    resource_id: str


class Change(NamedTuple, Generic[RuleId]):
    """An evaluation with its statuses in both reports.

    The risk is the newer report's, or the older's where the newer lacks the evaluation. `reason`
    is None where the evaluation fails in both reports or in neither.
    """

    key: int
    rule: RuleId
    old_status: Status | None
    new_status: Status | None
    bucket: Bucket
    risk: int
    resource_id: str
    reason: ChangeReason | None = None


class RuleLists(NamedTuple, Generic[RuleId]):
    """The rules that each of two files lists; None where a file has no list of its rules."""

    older_rules: Set[RuleId] | None = None
    newer_rules: Set[RuleId] | None = None

    def is_added(self, rule: RuleId) -> bool:
        return self.older_rules is not None and rule not in self.older_rules

    def is_removed(self, rule: RuleId) -> bool:
        return self.newer_rules is not None and rule not in self.newer_rules


def find_changes(
    older_rows: Mapping[int, ComparedRow[RuleId]],
    newer_rows: Mapping[int, ComparedRow[RuleId]],
    listed_statuses: ListedStatuses,
    rule_lists: RuleLists[RuleId],
) -> Iterator[Change[RuleId]]:
    """Yield the evaluations whose status differs between the older and the newer rows.

    Both mappings are by evaluation key. An evaluation in only one of them is a change too.
    """

    @cache
    def classify(
        old: int | None, new: int | None, rule_only_in_other_list: bool
    ) -> tuple[Status | None, Status | None, Bucket, ChangeReason | None]:
        old_status = None if old is None else Status(old)
        new_status = None if new is None else Status(new)
        lacking_file_lists = (
            listed_statuses.older_statuses if old is None else listed_statuses.newer_statuses
        )
        reason = find_reason(
            old_status,
            new_status,
            rule_only_in_other_list=rule_only_in_other_list,
            lists_compliant=Status.COMPLIANT in lacking_file_lists,
        )
        bucket = listed_statuses.classify(old_status, new_status)
        return old_status, new_status, bucket, reason

    def make_change(
        row: ComparedRow[RuleId], old: int | None, new: int | None, rule_only_in_other_list: bool
    ) -> Change[RuleId]:
        old_status, new_status, bucket, reason = classify(old, new, rule_only_in_other_list)
        values = (row.key, row.rule, old_status, new_status, bucket)
        return Change(*values, row.risk, row.resource_id, reason)

    for key, row in newer_rows.items():
        old = older_rows[key].status if key in older_rows else None
        if old != row.status:
            rule_is_added = old is None and rule_lists.is_added(row.rule)
            yield make_change(row, old, row.status, rule_is_added)
    for key, row in older_rows.items():
        if key not in newer_rows:
            yield make_change(row, row.status, None, rule_lists.is_removed(row.rule))


def count_reasons(changes: Iterable[Change[RuleId]]) -> ReasonCounts:
    """Return how many of the changes came and left, by reason."""
    all_risks: Counter[ChangeReason] = Counter()
    high_risk: Counter[ChangeReason] = Counter()
    for change in changes:
        if change.reason:
            all_risks[change.reason] += 1
            high_risk[change.reason] += change.risk == Risk.HIGH
    return ReasonCounts(all_risks, +high_risk)


def count_buckets(
    changes: Iterable[Change[RuleId]], newer_totals: Mapping[Status, int]
) -> Counter[Bucket]:
    """Return the number of evaluations in each bucket.

    `newer_totals` are the newer report's counts by status. An unchanged bucket gets the total of
    its status without the evaluations that changed to this status.
    """
    changes = list(changes)
    counts = Counter(change.bucket for change in changes)
    changed_to = Counter(change.new_status for change in changes)
    for status, bucket in UNCHANGED_BUCKETS.items():
        counts[bucket] += newer_totals.get(status, 0) - changed_to[status]
    return counts


class RateCounts(NamedTuple):
    """The two counts from which a rate is computed."""

    compliant: int
    failing: int


@dataclass(frozen=True)
class Comparison:
    """Two reports of a pack, and every evaluation whose status differs.

    A swapped comparison reads backwards: its older report is the later one.
    """

    older: Report
    newer: Report
    changes: list[Change[int]]

    @property
    def is_swapped(self) -> bool:
        return self.older.require_position() > self.newer.require_position()

    @property
    def listed_statuses(self) -> ListedStatuses:
        return pair_listed_statuses(self.older, self.newer)

    @cached_property
    def counts(self) -> Counter[Bucket]:
        """The number of evaluations in each bucket."""
        listed = self.newer.listed_statuses
        totals = {status: count for status, count in self.newer.counts.items() if status in listed}
        return count_buckets(self.changes, totals)

    @cached_property
    def reasons(self) -> ReasonCounts:
        """How many evaluations came to the failing ones and left them, by reason."""
        return count_reasons(self.changes)

    @property
    def adds_up(self) -> bool:
        """Whether failing before + came - left = failing now can be told.

        It cannot where a file states failing evaluations without listing them, or where nothing
        of a file was recognised.
        """
        return has_failing_rows(self.older) and has_failing_rows(self.newer)

    @property
    def common_rates(self) -> tuple[RateCounts, RateCounts] | None:
        """The counts of the older and the newer rate, over the evaluations that both reports have.

        It is None if one of the files does not list compliant evaluations.
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
    """Return the counts of the report's rate without the excluded numbers of evaluations."""
    return RateCounts(
        report.compliant - excluded[Status.COMPLIANT],
        report.failing - excluded[Status.NON_COMPLIANT],
    )


def has_failing_rows(report: Report) -> bool:
    """Return whether the file lists its failing evaluations, or says that it has none."""
    if Status.NON_COMPLIANT in report.listed_statuses:
        return True
    says_something = report.listed_statuses or report.rules or report.stated_counts.get("overview")
    return bool(says_something) and not report.failing


def compare_reports(
    report: Report, other: Report, rule_lists: RuleLists[int] | None = None
) -> Comparison:
    """Compare two ready reports of one pack, in either order.

    The lists of rules are loaded unless they are given, which needs the order older, newer.
    """
    return compare_in_order(*sort_by_position(report, other), rule_lists)


def compare_in_order(
    older: Report, newer: Report, rule_lists: RuleLists[int] | None = None
) -> Comparison:
    """Compare two ready reports of one pack; the later one first gives a swapped comparison."""
    older_spans, newer_spans = select_changed_spans(older, newer)
    changes = find_changes(
        load_compared_rows(older_spans),
        load_compared_rows(newer_spans),
        pair_listed_statuses(older, newer),
        rule_lists or RuleLists(*load_listed_rules(older, newer)),
    )
    return Comparison(older, newer, list(changes))


def load_listed_rules(*reports: Report) -> list[frozenset[int] | None]:
    """Return the rules that each report lists; None where it has no list of rules."""
    listed_rules: dict[int, set[int]] = {}
    report_ids = [report.pk for report in reports]
    listing_reports = Report.objects.filter(pk__in=report_ids).with_rule_list()
    results = RuleResult.objects.filter(report__in=listing_reports.values("pk"))
    for report_id, rule_id in results.order_by().values_list("report_id", "rule_id"):
        listed_rules.setdefault(report_id, set()).add(rule_id)
    return [
        frozenset(listed_rules[report.pk]) if report.pk in listed_rules else None
        for report in reports
    ]


def sort_by_position(report: Report, other: Report) -> tuple[Report, Report]:
    """Return two ready reports, the older one first."""
    assert report.position is not None  # noqa: S101  # ready reports have a position
    assert other.position is not None  # noqa: S101  # ready reports have a position
    return (report, other) if report.position <= other.position else (other, report)


def pair_listed_statuses(older: Report, newer: Report) -> ListedStatuses:
    """Return the statuses that each report's file lists row by row."""
    return ListedStatuses(frozenset(older.listed_statuses), frozenset(newer.listed_statuses))


def load_compared_rows(spans: EvaluationQuerySet) -> dict[int, ComparedRow[int]]:
    """Load the spans as rows, by evaluation key."""
    columns = spans.values_list("key", "rule_id", "status", "risk", "resource_id")
    rows: Iterator[ComparedRow[int]] = map(ComparedRow._make, columns)
    return {row.key: row for row in rows}


def select_changed_spans(
    older: Report, newer: Report
) -> tuple[EvaluationQuerySet, EvaluationQuerySet]:
    """Return two query sets: the spans of the first report only, and those of the second only.

    The reports may be given in either order.
    """
    first, last = sort_by_position(older, newer)
    spans = Evaluation.objects.filter(pack=older.pack_id)
    ended = spans.ended().filter(
        first__lte=first.position, until__gt=first.position, until__lte=last.position
    )
    begun = spans.filter(
        first__gt=first.position, first__lte=last.position, until__gt=last.position
    )
    return (ended, begun) if first.pk == older.pk else (begun, ended)
