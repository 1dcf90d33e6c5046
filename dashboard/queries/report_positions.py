"""The positions of a pack's ready reports, which say how many reports stand between two of them."""

from bisect import bisect_left

from dashboard.models import Report
from dashboard.models.reports import ReportQuerySet


def load_positions(report: Report, first: int = 0) -> list[int]:
    """Return the positions of the pack's reports from `first` up to this report, in order."""
    reports = Report.objects.ready().filter(
        pack_id=report.pack_id, position__range=(first, report.position)
    )
    positions = reports.order_by("position").values_list("position", flat=True)
    return [position for position in positions if position is not None]


def count_reports_since(positions: list[int], since: int) -> int:
    """Return how many of the positions are at `since` or after it."""
    return len(positions) - bisect_left(positions, since)


def select_earlier_reports(report: Report) -> ReportQuerySet:
    """Return the ready reports of the pack before this one."""
    return Report.objects.ready().filter(pack_id=report.pack_id, position__lt=report.position)
