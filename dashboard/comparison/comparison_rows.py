"""The rows of a comparison: chosen by a filter, in their order, a page at a time, with what both reports say of each.

Of what changed only the rows that a filter finds are put in order, and only those of a page are read in full. What
stands unchanged is not looked up; a page of it is a walk along an index.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.db.models.lookups import GreaterThan, LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.comparison import differences
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.differences import CHANGED, UNCHANGED, Bucket, Change, Comparison
from dashboard.comparison.rule_scope import RuleScope
from dashboard.models import Evaluation, Report, Status
from dashboard.models.evaluations import EvaluationQuerySet, position_time
from dashboard.queries import report_query
from dashboard.queries.filters import EvaluationFilter

PAGE = 100  # rows
ORDER = {bucket: number for number, bucket in enumerate(Bucket)}


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """A cut of the rows a filter finds."""

    changes: list[Change[int]]
    count: int
    number: int
    size: int

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size + 1

    @property
    def stop(self) -> int:
        return min(self.number * self.size, self.count)

    @property
    def last(self) -> int:
        return max(1, -(-self.count // self.size))


def load_comparison_page(
    compared: Comparison, scope: RuleScope, wanted: ComparisonFilter, size: int = PAGE
) -> ComparisonPage:
    """One page of the rows that a filter finds; a page beyond the last is the last."""
    if wanted.bucket is None or wanted.bucket not in UNCHANGED.values():
        found = sort_changes(select_changes(compared, wanted), compared, scope)
        number = min(wanted.page, max(1, -(-len(found) // size)))
        return ComparisonPage(found[(number - 1) * size : number * size], len(found), number, size)
    still, total = select_unchanged(compared, wanted), count_rows(compared, wanted)
    number = min(wanted.page, max(1, -(-total // size)))
    return ComparisonPage(
        list(to_changes(still[(number - 1) * size : number * size])), total, number, size
    )


def count_rows(compared: Comparison, wanted: ComparisonFilter) -> int:
    """How many rows a filter finds."""
    if wanted.bucket and not (wanted.risk is not None or wanted.rule or wanted.q):
        return compared.counts[wanted.bucket]
    if wanted.bucket in UNCHANGED.values():
        return select_unchanged(compared, wanted).count()
    return len(select_changes(compared, wanted))


def select_changes(compared: Comparison, wanted: ComparisonFilter) -> list[Change[int]]:
    """The changes that a filter finds."""
    buckets = {wanted.bucket} if wanted.bucket else set(CHANGED)
    bearing = find_keys_by_words(compared, wanted.search_words) if wanted.search_words else None
    return [
        change
        for change in compared.changes
        if change.bucket in buckets
        and wanted.risk in (None, change.risk)
        and wanted.rule in (None, change.rule)
        and (bearing is None or change.key in bearing)
    ]


def sort_changes(
    found: list[Change[int]], compared: Comparison, scope: RuleScope
) -> list[Change[int]]:
    """By rule, those with new failures first, then the higher risk, then the more of them; within a rule by bucket.

    A rule's place is the same whatever was found of it.
    """
    new = Counter(change.rule for change in compared.changes if change.bucket is Bucket.NEW_FAILURE)
    highest_last = sorted({(change.risk, change.rule) for change in compared.changes}, reverse=True)
    risks = {rule: risk for risk, rule in highest_last}
    by_place = sorted(
        risks,
        key=lambda rule: (not new[rule], risks[rule], -new[rule], scope.rule(rule).name, rule),
    )
    place = {rule: number for number, rule in enumerate(by_place)}
    return sorted(
        found, key=lambda one: (place[one.rule], ORDER[one.bucket], one.resource_id, one.key)
    )


def find_keys_by_words(compared: Comparison, words: list[str]) -> set[int]:
    """Keys of the changes whose row, in either report, bears all the words."""
    sides = differences.select_changed_spans(compared.older, compared.newer)
    bearing = report_query.match_words(words, compared.older, compared.newer)
    return {
        key
        for build_rows in sides
        for key in build_rows.filter(bearing).values_list("key", flat=True)
    }


def select_unchanged(compared: Comparison, wanted: ComparisonFilter) -> EvaluationQuerySet:
    """Rows of the newer report whose status was the same in the older: their span holds both, or it came back."""
    older, newer = compared.older, compared.newer
    statuses = [status for status, bucket in UNCHANGED.items() if bucket is wanted.bucket]
    # A range of one key, for where keys are equal PostgreSQL looks at every row of the older report beforehand.
    same_key = {"key__gte": OuterRef("key"), "key__lte": OuterRef("key")}
    came_back = Exists(select_all(older).filter(status=OuterRef("status"), **same_key))
    rows = select_all(newer).filter(
        LessThanOrEqual(report_query.without_index("first"), older.position) | came_back
    )
    rows = (
        rows.filter(status=statuses[0]) if len(statuses) == 1 else rows.filter(status__in=statuses)
    )
    if wanted.risk is not None:
        rows = rows.filter(risk=wanted.risk)
    if wanted.rule:
        rows = rows.filter(rule_id=wanted.rule)
    if wanted.search_words:
        rows = rows.filter(report_query.match_words(wanted.search_words, compared.newer))
    return rows.order_by("status", "risk", "rule", "resource_id", "key")


def select_all(report: Report) -> EvaluationQuerySet:
    """The report's rows, found along any index but those of spans, where each row would be looked at."""
    return report_query.filter_evaluations(report, EvaluationFilter(), along_index=True)


def to_changes(rows: EvaluationQuerySet) -> Iterator[Change[int]]:
    known = cache(Status)
    for key, rule, number, risk, resource_id in rows.values_list(*differences.FIELDS):
        status = known(number)
        yield Change(key, rule, status, status, UNCHANGED[status], risk, resource_id)


class KeyDetails(NamedTuple):
    """What one report says of a key."""

    resource: int
    account: str
    region: str
    resource_type: str
    resource_name: str
    actual: str
    expected: str
    reason: str
    since: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change with everything that a page, an export or a print shows of it."""

    change: Change[int]
    words: str
    now: KeyDetails
    before: KeyDetails | None  # where both reports have the key and their words differ


NOTHING = KeyDetails(0, "", "", "", "", "", "", "", 0)


def build_rows(
    compared: Comparison, scope: RuleScope, changes: list[Change[int]]
) -> list[ChangeRow]:
    """The rows of a page: what the newer report says, or the older where the newer has nothing to say."""
    older, newer = load_details(compared, [change.key for change in changes])
    one_language = compared.older.language == compared.newer.language
    words: dict[tuple[Status | None, Status | None, bool, bool], str] = {}
    found = []
    for change in changes:
        pair = (
            change.was,
            change.now,
            scope.removed(change.rule),
            change.bucket is Bucket.NOT_COMPARABLE,
        )
        if pair not in words:
            words[pair] = describe_change(compared, *pair)
        was, now = older.get(change.key), newer.get(change.key)
        differs = one_language and was and now and was[5:8] != now[5:8]
        found.append(
            ChangeRow(change, words[pair], now or was or NOTHING, was if differs else None)
        )
    return found


def load_details(
    compared: Comparison, keys: list[int]
) -> tuple[dict[int, KeyDetails], dict[int, KeyDetails]]:
    """What the older and the newer report say of these keys; one span may hold both."""
    older, newer = compared.older.position or 0, compared.newer.position or 0
    spans = Evaluation.objects.filter(
        LessThanOrEqual(report_query.without_index("first"), newer),
        GreaterThan(report_query.without_index("until"), older),
        pack=compared.newer.pack_id,
        key__in=keys,
    )
    was, now = dict[int, KeyDetails](), dict[int, KeyDetails]()
    for key, first, until, *words in spans.values_list(
        "key", "first", "until", *KeyDetails._fields
    ):
        one = KeyDetails(*words)
        if first <= older:
            was[key] = one
        if until > newer:
            now[key] = one
    return was, now


def describe_change(
    compared: Comparison,
    was: Status | None,
    now: Status | None,
    rule_removed: bool,
    not_comparable: bool,
) -> str:
    """A change as a sentence's part: was compliant, now non-compliant."""
    old, new = (str(status.label).lower() if status else "" for status in (was, now))
    if was == now:
        return _("still %(status)s") % {"status": new}
    if was is None:
        if not_comparable:
            words = _("the older file lists no such rows, now %(new)s")
        elif Status.COMPLIANT in compared.older.listed_statuses:
            words = _("first seen, %(new)s")
        else:
            words = _("not reported before, now %(new)s")
        return words % {"new": new}
    if now is None:
        if rule_removed:
            words = _("was %(old)s, its rule was removed")
        elif not_comparable:
            words = _("was %(old)s, the newer file lists no such rows")
        elif compared.lists.no_longer_reported:
            words = _("was %(old)s, no longer reported")
        else:
            words = _("was %(old)s, not in this report")
        return words % {"old": old}
    return _("was %(old)s, now %(new)s") % {"old": old, "new": new}


def summarize_changes(compared: Comparison) -> str:
    """What changed, for a mail."""
    counts = compared.counts
    values = {
        "date": f"{timezone.localtime(compared.older.created_at):%Y-%m-%d}",
        "new": f"{counts[Bucket.NEW_FAILURE]:,}",
        "fixed": f"{counts[Bucket.FIXED]:,}",
        "still": f"{counts[Bucket.STILL_FAILING]:,}",
        "ignored": f"{counts[Bucket.NEWLY_IGNORED]:,}",
        "gone": f"{counts[Bucket.GONE_FAILING] + counts[Bucket.GONE_COMPLIANT]:,}",
    }
    if compared.lists.no_longer_reported:
        template = _(
            "Since the report of %(date)s: %(new)s newly failing, %(still)s still failing, "
            "%(ignored)s newly ignored, %(gone)s no longer reported. "
            "The newer file lists failing resources only, so fixed ones cannot be counted."
        )
    else:
        template = _(
            "Since the report of %(date)s: %(new)s newly failing, %(fixed)s fixed, "
            "%(still)s still failing, %(ignored)s newly ignored, %(gone)s no longer there."
        )
    return template % values


def format_since(row: ChangeRow) -> str:
    """When the present status began, in ISO 8601 UTC."""
    return f"{position_time(row.now.since):%Y-%m-%dT%H:%M:%SZ}" if row.now.since else ""
