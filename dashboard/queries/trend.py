"""The ready reports of a pack or of a rule in time, as points of a trend and rows of its table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from django.core.paginator import Page

from dashboard.models import Pack, Report, Rule, RuleResult
from dashboard.models.evaluations import position_time
from dashboard.models.reports import ReportQuerySet
from dashboard.queries.paging import CountedRows, paginate

TABLE_ROWS = 25  # on a page of the table
GAP_FACTOR = 3  # times the median interval between reports, above which an interval is a gap
POINT_COLUMNS = (
    "pk", "position", "rated_compliant", "failing", "failing_high", "failing_medium",
    "failing_low", "rules_hash", "rated_failing",
)  # fmt: skip


class Point(NamedTuple):
    """One report of a trend.

    `rules_hash` is None where the file does not list its rules. `rated_failing` is None where the
    rate is computed from `failing` itself.
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

    @property
    def rated(self) -> tuple[int, int]:
        """Compliant and failing evaluations of which the rate is computed."""
        return self.compliant, self.failing if self.rated_failing is None else self.rated_failing

    @property
    def rate(self) -> float | None:
        """The evaluation rate in percent; None where nothing was rated."""
        total = sum(self.rated)
        return 100 * self.compliant / total if total else None


@dataclass(frozen=True)
class TrendRow:
    """One report in the table of a trend, compared with the report before it."""

    point: Point
    rules_changed: bool
    after_gap: bool


def list_ready_reports(pack: Pack) -> ReportQuerySet:
    """Return the pack's ready reports, newest first."""
    return Report.objects.ready().filter(pack=pack).order_by("-position")


def load_points(reports: ReportQuerySet) -> list[Point]:
    """Return reports that are given newest first as points, oldest first."""
    points = [
        Point(report_id, position_time(position or 0), *counts)
        for report_id, position, *counts in reports.values_list(*POINT_COLUMNS)
    ]
    return points[::-1]


def load_rule_points(rule: Rule) -> list[Point]:
    """Return a point for each ready report of the rule's pack, oldest first."""
    results = RuleResult.objects.filter(rule=rule, report__state=Report.State.READY)
    columns = ("report", "report__created_at", "compliant", "failing")
    return [Point(*values) for values in results.order_by("report__position").values_list(*columns)]


def find_gaps(points: Sequence[Point]) -> set[int]:
    """Return the indexes of points that come much longer after the one before than is usual."""
    if len(points) < 2:
        return set()
    intervals = [(later.time - earlier.time).total_seconds() for earlier, later in pairwise(points)]
    limit = GAP_FACTOR * median(intervals)
    return {index for index, interval in enumerate(intervals, 1) if interval > limit}


def find_rule_changes(points: Sequence[Point]) -> list[int]:
    """Return the indexes of points whose rules differ from those of the point before.

    A file that does not list its rules is no change.
    """
    return [
        index
        for index, (before, after) in enumerate(pairwise(points), 1)
        if None not in (before.rules_hash, after.rules_hash)
        and before.rules_hash != after.rules_hash
    ]


def build_trend_rows(points: Sequence[Point]) -> list[TrendRow]:
    """Return a row for each point, newest first."""
    changes, gaps = find_rule_changes(points), find_gaps(points)
    rows = [TrendRow(point, i in changes, i in gaps) for i, point in enumerate(points)]
    return rows[::-1]


def load_trend_page(pack: Pack, number: int | str | None) -> Page[TrendRow]:
    """Return a page of the table of all ready reports of a pack, newest first."""
    reports = list_ready_reports(pack)

    def load_rows(start: int, stop: int) -> list[TrendRow]:
        # The report before the oldest row tells whether that row is a change.
        rows = build_trend_rows(load_points(reports[start : stop + 1]))
        return rows[: stop - start]

    return paginate(CountedRows(reports.count(), load_rows), number, TABLE_ROWS)
