"""Compute the summary of a pack (PackSummary) from its reports.

It is computed again, in the same transaction, whenever a report of the pack becomes ready, is
withdrawn or rebuilt, or has its changes counted again.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from django.db import transaction

from dashboard.comparison.change_reasons import (
    ChangeDirection,
    parse_stored_counts,
    sum_direction,
)
from dashboard.models import Pack, PackSummary, Report
from dashboard.models.evaluations import HASH_BITS
from dashboard.models.pack_summaries import (
    REPORT_COUNT_FIELDS,
    SPARKLINE_REPORTS,
    TREND_WEEKS,
    WEEK_MILLISECONDS,
)

# From this many reports on it is known how often reports of a pack are usual.
MIN_REPORTS_OF_HABIT = 3
MIN_OVERDUE_TIME = dt.timedelta(days=1)
SUMMARY_FIELDS = (
    "latest", "latest_created_at", *REPORT_COUNT_FIELDS, "high_risk_came", "trend",
    "weekly_failing", "overdue_at", "last_run", "last_run_state", "report_count",
)  # fmt: skip
SUMMARY_COPIES = ("account", "archived", "gone", "imported", "search_text")


class WrongSummary(NamedTuple):
    """A field of a pack's summary that does not say what its reports say."""

    pack: Pack
    field: str
    stored: Any
    expected: Any


def update_report_fields(pack_id: int) -> None:
    """Compute and store the fields of the summary that depend on the ready reports.

    The caller holds the pack's lock, in a transaction.
    """
    PackSummary.objects.filter(pack=pack_id).update(**compute_report_fields(pack_id))


def rebuild_pack_summary(pack: Pack) -> None:
    """Compute and store the whole summary of the pack; create it if it is missing."""
    with transaction.atomic():
        Pack.objects.lock_row(pack.pk)
        Pack.objects.filter(pk=pack.pk).update_summaries()
        fields = compute_report_fields(pack.pk) | compute_run_fields(pack.pk)
        PackSummary.objects.filter(pack=pack).update(**fields)


def compute_report_fields(pack_id: int) -> dict[str, Any]:
    """Return the fields of the summary that the pack's ready reports decide."""
    ready_reports = Report.objects.ready().filter(pack=pack_id).order_by("-position")
    fields = ("pk", "position", "created_at", "high_risk_changes_by_reason", *REPORT_COUNT_FIELDS)
    recent_reports = list(ready_reports.values(*fields)[: SPARKLINE_REPORTS + 1])
    if not recent_reports:
        return dict(EMPTY_FIELDS)
    latest = recent_reports[0]
    failing_by_position = [(report["position"], report["failing"]) for report in recent_reports]
    if len(recent_reports) > SPARKLINE_REPORTS:
        failing_by_position += list_older_failing(pack_id, latest, recent_reports[-1])
    high_risk_counts = parse_stored_counts(latest["high_risk_changes_by_reason"])
    return {
        "latest": latest["pk"],
        "latest_created_at": latest["created_at"],
        **{name: latest[name] for name in REPORT_COUNT_FIELDS},
        "high_risk_came": sum_direction(high_risk_counts, ChangeDirection.CAME),
        "trend": [
            [report["resources_compliant"] or 0, report["resources_failing"] or 0]
            for report in reversed(recent_reports[:SPARKLINE_REPORTS])
        ],
        "weekly_failing": compute_weekly_failing(failing_by_position),
        "overdue_at": compute_overdue_time([report["created_at"] for report in recent_reports]),
    }


EMPTY_FIELDS: dict[str, Any] = {
    "latest": None,
    "latest_created_at": None,
    **{name: None if PackSummary._meta.get_field(name).null else 0 for name in REPORT_COUNT_FIELDS},
    "high_risk_came": 0,
    "trend": [],
    "weekly_failing": [],
    "overdue_at": None,
}


def list_older_failing(
    pack_id: int, latest: dict[str, Any], oldest: dict[str, Any]
) -> list[tuple[int, int]]:
    """Return position and failing evaluations of the older reports that the weeks still need.

    These are the ready reports before `oldest`, newest first, down to the one that was in force
    when the weeks began.
    """
    first_week = get_week(latest["position"]) - TREND_WEEKS + 1
    first_position = first_week * WEEK_MILLISECONDS << HASH_BITS
    if oldest["position"] < first_position:
        return []
    older_reports = Report.objects.ready().filter(pack=pack_id, position__lt=oldest["position"])
    columns = older_reports.order_by("-position").values_list("position", "failing")
    in_weeks = columns.filter(position__gte=first_position)
    in_force_before = columns.filter(position__lt=first_position)[:1]
    return [(position or 0, failing) for position, failing in (*in_weeks, *in_force_before)]


def compute_weekly_failing(failing_by_position: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return [week, failing] for each week at whose end another number failed than before.

    `failing_by_position` is (position, failing) of reports, newest first. The first entry is that
    of the report in force when the weeks began: TREND_WEEKS up to that of the newest report.
    """
    failing_by_week: dict[int, int] = {}
    for position, failing in failing_by_position:
        failing_by_week.setdefault(get_week(position), failing)  # the newest of a week
    first_week = max(failing_by_week) - TREND_WEEKS + 1
    earlier_weeks = [week for week in failing_by_week if week < first_week]
    start_week = max(earlier_weeks, default=first_week)
    entries: list[list[int]] = []
    for week in sorted(week for week in failing_by_week if week >= start_week):
        if not entries or entries[-1][1] != failing_by_week[week]:
            entries.append([week, failing_by_week[week]])
    return entries


def get_week(position: int) -> int:
    """Return the number of the week of a position: weeks of 7 days since 1970-01-01 UTC."""
    return (position >> HASH_BITS) // WEEK_MILLISECONDS


def compute_overdue_time(created_times: Sequence[dt.datetime]) -> dt.datetime | None:
    """Return when the next report is overdue: after twice the usual time between two reports.

    `created_times` are evidence times, newest first. Return None if they are too few to tell.
    """
    if len(created_times) < MIN_REPORTS_OF_HABIT:
        return None
    seconds = median((newer - older).total_seconds() for newer, older in pairwise(created_times))
    return created_times[0] + max(2 * dt.timedelta(seconds=seconds), MIN_OVERDUE_TIME)


def compute_run_fields(pack_id: int) -> dict[str, Any]:
    """Return the fields of the summary that all reports of the pack decide, ready or not."""
    reports = Report.objects.filter(pack=pack_id)
    generated_reports = reports.filter(source=Report.Source.GENERATED)
    last_run = generated_reports.order_by("-requested_at", "-pk").only("state").first()
    fields = {"last_run": None, "last_run_state": "", "report_count": reports.count()}
    if last_run is None:
        return fields
    state = PackSummary.LastRunState.UNDER_WAY if last_run.under_way else last_run.state
    return fields | {"last_run": last_run.pk, "last_run_state": str(state)}


def find_wrong_summaries() -> Iterator[WrongSummary]:
    """Yield each field of a summary that is not what the pack and its reports say now."""
    for pack in Pack.objects.order_by("pk").iterator():
        with transaction.atomic():
            Pack.objects.lock_row(pack.pk)
            wrong_fields = compare_summary(pack)
        yield from wrong_fields


def compare_summary(pack: Pack) -> list[WrongSummary]:
    """Return the fields of the pack's summary that differ from what pack and reports say."""
    fields = (*SUMMARY_COPIES, *SUMMARY_FIELDS)
    stored = PackSummary.objects.filter(pack=pack).values(*fields).first()
    if stored is None:
        return [WrongSummary(pack, "pack", None, pack.pk)]
    pack.refresh_from_db()
    copies = pack.summary_copies
    expected = {"account": copies.pop("account_id"), **copies}
    expected |= compute_report_fields(pack.pk) | compute_run_fields(pack.pk)
    return [
        WrongSummary(pack, name, stored[name], expected[name])
        for name in fields
        if stored[name] != expected[name]
    ]
