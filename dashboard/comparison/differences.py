"""What changed between two reports of a pack, always from the older to the newer.

Only spans that end or begin between the two are looked at: what stands unchanged in both is counted from their totals.
A bucket follows from the pair of statuses alone, and from what a file lists: one that lists failing resources only is
silent about all others, so nothing that it lacks is called fixed, gone or appeared on the ground of its silence.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Generic, NamedTuple, TypeVar

from django.utils.translation import gettext_lazy as _

from dashboard.models import Evaluation, Report, Status
from dashboard.models.evaluations import EvaluationQuerySet

Rule = TypeVar("Rule", bound=Hashable)


class Bucket(StrEnum):
    """Where a key goes: each in exactly one, and together they are the union of both reports."""

    NEW_FAILURE = "new-failure"
    FIXED = "fixed"
    NEWLY_IGNORED = "newly-ignored"
    IGNORE_ENDED = "ignore-ended"
    GONE_FAILING = "gone-failing"
    GONE_COMPLIANT = "gone-compliant"
    APPEARED_COMPLIANT = "appeared-compliant"
    OTHER_CHANGE = "other-change"
    NOT_COMPARABLE = "not-comparable"
    STILL_FAILING = "still-failing"
    STILL_IGNORED = "still-ignored"
    STILL_COMPLIANT = "still-compliant"
    STILL_OTHER = "still-other"

    @property
    def label(self) -> str:
        return str(LABELS[self])

    @property
    def changed(self) -> bool:
        """Whether it is a change; a key that one file is silent about is neither changed nor unchanged."""
        return self in CHANGED


LABELS = {
    Bucket.NEW_FAILURE: _("New failures"),
    Bucket.FIXED: _("Fixed"),
    Bucket.NEWLY_IGNORED: _("Newly ignored"),
    Bucket.IGNORE_ENDED: _("No longer ignored"),
    Bucket.GONE_FAILING: _("No longer there (was failing)"),
    Bucket.GONE_COMPLIANT: _("No longer there (was compliant)"),
    Bucket.APPEARED_COMPLIANT: _("First seen, compliant"),
    Bucket.OTHER_CHANGE: _("Other changes"),
    Bucket.NOT_COMPARABLE: _("Not comparable"),
    Bucket.STILL_FAILING: _("Still failing"),
    Bucket.STILL_IGNORED: _("Still ignored"),
    Bucket.STILL_COMPLIANT: _("Still compliant"),
    Bucket.STILL_OTHER: _("Other, unchanged"),
}
NO_LONGER_REPORTED = _("No longer reported")
CHANGED = tuple(Bucket)[:8]
UNCHANGED = {
    Status.NON_COMPLIANT: Bucket.STILL_FAILING,
    Status.IGNORED: Bucket.STILL_IGNORED,
    Status.COMPLIANT: Bucket.STILL_COMPLIANT,
    Status.NOT_APPLICABLE: Bucket.STILL_OTHER,
    Status.INSUFFICIENT_DATA: Bucket.STILL_OTHER,
}
GONE = {Status.NON_COMPLIANT: Bucket.GONE_FAILING, Status.COMPLIANT: Bucket.GONE_COMPLIANT}


def classify_change(old: Status | None, new: Status | None) -> Bucket:
    """The bucket of a key that was `old` and is `new`; None means that the report does not have it.

    *Fixed* needs the key, compliant: what is merely missing in the newer report is *gone*.
    """
    match old, new:
        case _, _ if old == new and new is not None:
            return UNCHANGED[new]
        case _, None:
            return GONE.get(old, Bucket.OTHER_CHANGE) if old else Bucket.OTHER_CHANGE
        case _, Status.IGNORED:
            return Bucket.NEWLY_IGNORED
        case Status.IGNORED, _:
            return Bucket.IGNORE_ENDED
        case _, Status.NON_COMPLIANT:
            return Bucket.NEW_FAILURE
        case Status.NON_COMPLIANT, Status.COMPLIANT:
            return Bucket.FIXED
        case None, Status.COMPLIANT:
            return Bucket.APPEARED_COMPLIANT
    return Bucket.OTHER_CHANGE


class ComparedRow(NamedTuple, Generic[Rule]):
    """What one report says of a key, as far as a comparison asks."""

    key: int
    rule: Rule
    status: int
    risk: int
    resource_id: str


ComparedValues = tuple[
    int, Rule, int, int, str
]  # a Row, or what is as good and costs a fraction where there are thousands


class Change(NamedTuple, Generic[Rule]):
    """A key whose status differs; None means that the report does not have it. The risk is the newer one."""

    key: int
    rule: Rule
    was: Status | None
    now: Status | None
    bucket: Bucket
    risk: int
    resource_id: str


class ListedStatuses(NamedTuple):
    """Which statuses each of the two files gives row by row."""

    older: frozenset[int]
    newer: frozenset[int]

    def bucket(self, old: Status | None, new: Status | None) -> Bucket:
        """As bucket_of, but for keys about which the file that lacks them says nothing."""
        silent = (old is None and new not in self.older) or (new is None and old not in self.newer)
        return Bucket.NOT_COMPARABLE if silent else classify_change(old, new)

    @property
    def no_longer_reported(self) -> bool:
        """Whether a failing key that is missing in the newer file may be compliant as well as gone."""
        return Status.COMPLIANT not in self.newer

    def label(self, bucket: Bucket) -> str:
        if bucket is Bucket.GONE_FAILING and self.no_longer_reported:
            return str(NO_LONGER_REPORTED)
        return bucket.label


def find_changes(
    was: Mapping[int, ComparedValues[Rule]],
    now: Mapping[int, ComparedValues[Rule]],
    lists: ListedStatuses,
) -> Iterator[Change[Rule]]:
    """The changes between two sets of rows, by key."""

    @cache
    def turn(old: int | None, new: int | None) -> tuple[Status | None, Status | None, Bucket]:
        before, after = (None if status is None else Status(status) for status in (old, new))
        return before, after, lists.bucket(before, after)

    for key, rule, status, risk, resource_id in now.values():
        old = was[key][2] if key in was else None
        if old != status:
            yield Change(key, rule, *turn(old, status), risk, resource_id)
    for key, rule, status, risk, resource_id in was.values():
        if key not in now:
            yield Change(key, rule, *turn(status, None), risk, resource_id)


def count_buckets(changes: Iterable[Change[Rule]], totals: Mapping[Status, int]) -> Counter[Bucket]:
    """How many keys each bucket holds; `totals` are the newer report's rows by status."""
    changes = list(changes)
    counts = Counter(change.bucket for change in changes)
    arrived = Counter(change.now for change in changes)
    for status, bucket in UNCHANGED.items():
        counts[bucket] += totals.get(status, 0) - arrived[status]
    return counts


class RateCounts(NamedTuple):
    compliant: int
    failing: int


@dataclass(frozen=True)
class Comparison:
    """Two reports of a pack, and every key whose status differs."""

    older: Report
    newer: Report
    changes: list[Change[int]]

    @property
    def lists(self) -> ListedStatuses:
        return ListedStatuses(
            frozenset(self.older.listed_statuses), frozenset(self.newer.listed_statuses)
        )

    @cached_property
    def counts(self) -> Counter[Bucket]:
        """How many keys each bucket holds."""
        listed = {
            status: count
            for status, count in self.newer.counts.items()
            if status in self.newer.listed_statuses
        }
        return count_buckets(self.changes, listed)

    @property
    def full(self) -> tuple[RateCounts, RateCounts]:
        """What the rate is made of in each report."""
        return RateCounts(*self.older.rated), RateCounts(*self.newer.rated)

    @property
    def common(self) -> tuple[RateCounts, RateCounts] | None:
        """The same over what both reports judge; None where one of the files does not list what is compliant."""
        if (
            Status.COMPLIANT not in self.older.listed_statuses
            or Status.COMPLIANT not in self.newer.listed_statuses
        ):
            return None
        left = Counter(change.was for change in self.changes if change.now is None)
        came = Counter(change.now for change in self.changes if change.was is None)
        older, newer = self.older, self.newer
        return (
            RateCounts(
                older.compliant - left[Status.COMPLIANT], older.failing - left[Status.NON_COMPLIANT]
            ),
            RateCounts(
                newer.compliant - came[Status.COMPLIANT], newer.failing - came[Status.NON_COMPLIANT]
            ),
        )


def compare_reports(older: Report, newer: Report) -> Comparison:
    """Compares two ready reports of one pack; whichever is older by its evidence time is taken as such."""
    older, newer = sort_by_position(older, newer)
    was, now = (
        {row[0]: row for row in side.values_list(*FIELDS)}
        for side in select_changed_spans(older, newer)
    )
    lists = ListedStatuses(frozenset(older.listed_statuses), frozenset(newer.listed_statuses))
    return Comparison(older, newer, list(find_changes(was, now, lists)))


def sort_by_position(one: Report, other: Report) -> tuple[Report, Report]:
    """The older and the newer of two ready reports."""
    assert one.position is not None  # noqa: S101  # ready reports have a position
    assert other.position is not None  # noqa: S101  # as above
    return (one, other) if one.position <= other.position else (other, one)


FIELDS = ("key", "rule_id", "status", "risk", "resource_id")


def select_changed_spans(
    older: Report, newer: Report
) -> tuple[EvaluationQuerySet, EvaluationQuerySet]:
    """What of the older report has ended by the newer, and what of the newer has begun since."""
    spans = Evaluation.objects.filter(pack=older.pack_id)
    ended = spans.ended().filter(
        first__lte=older.position, until__gt=older.position, until__lte=newer.position
    )
    begun = spans.filter(
        first__gt=older.position, first__lte=newer.position, until__gt=newer.position
    )
    return ended, begun
