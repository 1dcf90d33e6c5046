"""The trend of a pack or of a rule: one point of a chart, and one row of a table, per report."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from django.core.paginator import Page

from dashboard.models import Pack, Report, Rule, RuleResult
from dashboard.models.evaluations import position_time
from dashboard.models.reports import ReportQuerySet, pair_known_counts
from dashboard.models.rule_results import RuleResultQuerySet
from dashboard.queries.paging import CountedRows, paginate

TABLE_ROWS = 25  # on a page of the table
GAP_FACTOR = 3  # an interval longer than this many median intervals is a gap
POINT_COLUMNS = (
    "pk", "position", "rated_compliant", "failing", "failing_high", "failing_medium",
    "failing_low", "rules_hash", "rated_failing", "resources_compliant", "resources_failing",
    "listed_statuses",
)  # fmt: skip
RULE_RESULT_COLUMNS = (
    "rule", "risk", "failing", "compliant", "came", "left", "changes_by_reason",
    "report__created_at", "report__listed_statuses",
)  # fmt: skip


class Point(NamedTuple):
    """One report of a trend; `report` is its id.

    `rules_hash` identifies the set of rules; it is None if the file does not list its rules.
    `rated_failing` is the count used for the rate; if it is None, `failing` is used.
    """

    report: int
    time: dt.datetime
    compliant: int
    failing: int
    high: int = 0
    medium: int = 0
    low: int = 0
    rules_hash: int | None = None
    rated_failing: int | None = None
    resources_compliant: int | None = None
    resources_failing: int | None = None
    listed_statuses: Sequence[int] = ()

    @property
    def without_risk(self) -> int:
        """The failing evaluations of rules whose risk is not stated."""
        return self.failing - self.high - self.medium - self.low

    @property
    def rate_counts(self) -> tuple[int, int]:
        """The counts (compliant, failing) from which the rate is computed."""
        return self.compliant, self.failing if self.rated_failing is None else self.rated_failing

    @property
    def resource_rate_counts(self) -> tuple[int, int] | None:
        """Compliant and failing resources of which the resource rate is computed."""
        return pair_known_counts(self.resources_compliant, self.resources_failing)

    @property
    def resource_rate(self) -> float | None:
        """The resource rate in percent; None if there are no judged resources."""
        compliant, failing = self.resource_rate_counts or (0, 0)
        total = compliant + failing
        return 100 * compliant / total if total else None

    @property
    def rate(self) -> float | None:
        """The evaluation rate in percent; None if both counts are zero."""
        total = sum(self.rate_counts)
        return 100 * self.compliant / total if total else None


@dataclass(frozen=True)
class TrendRow:
    """One report in the table of a trend, compared with the report before it.

    `after_gap` says that the time since that report was unusually long.
    """

    point: Point
    rules_changed: bool
    after_gap: bool


def list_ready_reports(pack: Pack) -> ReportQuerySet:
    """Return the pack's ready reports, newest first."""
    return Report.objects.ready().filter(pack=pack).order_by("-position")


def load_points(reports: ReportQuerySet) -> list[Point]:
    """Return a point for each report; `reports` are newest first, the points oldest first."""
    points = [
        Point(report_id, position_time(position or 0), *counts)
        for report_id, position, *counts in reports.values_list(*POINT_COLUMNS)
    ]
    return points[::-1]


def load_rule_points(rule: Rule) -> list[Point]:
    """Return a point for each ready report of the rule's pack, oldest first."""
    columns = ("report", "report__created_at", "compliant", "failing")
    results = list_ready_results(rule).order_by("report__position")
    return [Point(*values) for values in results.values_list(*columns)]


def list_results_with_reports(rule: Rule) -> RuleResultQuerySet:
    """Return the rule's results in the ready reports with those reports, newest first."""
    results = list_ready_results(rule).select_related("report").only(*RULE_RESULT_COLUMNS)
    return results.order_by("-report__position")


def load_newest_result(rule: Rule) -> RuleResult | None:
    """Return the rule's result in the newest ready report, with what the cloud says of the rule."""
    results = list_ready_results(rule).select_related("text").order_by("-report__position")
    return results.first()


def list_ready_results(rule: Rule) -> RuleResultQuerySet:
    """Return the rule's results in the ready reports of its pack."""
    return RuleResult.objects.filter(rule=rule, report__state=Report.State.READY)


def find_gaps(points: Sequence[Point]) -> set[int]:
    """Return the indexes of the points that follow a gap.

    A gap is an interval longer than GAP_FACTOR times the median interval.
    """
    if len(points) < 2:
        return set()
    intervals = [(later.time - earlier.time).total_seconds() for earlier, later in pairwise(points)]
    limit = GAP_FACTOR * median(intervals)
    # Interval 0 lies before point 1.
    return {index for index, interval in enumerate(intervals, start=1) if interval > limit}


def find_rule_changes(points: Sequence[Point]) -> list[int]:
    """Return the indexes of the points whose rules differ from the rules of the point before.

    If one of the two files does not list its rules, that is not a change.
    """
    return [
        index
        for index, (before, after) in enumerate(pairwise(points), start=1)
        if None not in (before.rules_hash, after.rules_hash)
        and before.rules_hash != after.rules_hash
    ]


def build_trend_rows(points: Sequence[Point]) -> list[TrendRow]:
    """Return a row for each point; `points` are oldest first, the rows newest first."""
    rule_changes, gaps = find_rule_changes(points), find_gaps(points)
    rows = [
        TrendRow(point, rules_changed=index in rule_changes, after_gap=index in gaps)
        for index, point in enumerate(points)
    ]
    return rows[::-1]


def load_trend_page(pack: Pack, number: int | str | None) -> Page[TrendRow]:
    """Return one page of the table of all ready reports of a pack, newest first."""
    reports = list_ready_reports(pack)

    def load_rows(start: int, stop: int) -> list[TrendRow]:
        # Load one more, older report: the oldest row of the page is compared with it.
        rows = build_trend_rows(load_points(reports[start : stop + 1]))
        return rows[: stop - start]

    return paginate(CountedRows(reports.count(), load_rows), number, TABLE_ROWS)
