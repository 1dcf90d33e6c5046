"""The positions of a pack's ready reports, to count how many reports lie between two of them.

A position is the order number of a report in its pack; positions have gaps.
"""

import datetime as dt
from bisect import bisect_left

from dashboard.models import Report


def load_positions(report: Report, first_position: int = 0) -> list[int]:
    """Return the sorted positions of the pack's ready reports from `first_position` to `report`.

    Both ends are included.
    """
    reports = Report.objects.ready().filter(
        pack_id=report.pack_id, position__range=(first_position, report.position)
    )
    positions = reports.order_by("position").values_list("position", flat=True)
    return [position for position in positions if position is not None]


def count_reports_since(positions: list[int], since: int) -> int:
    """Return how many of the sorted positions are equal to or greater than `since`."""
    return len(positions) - bisect_left(positions, since)


def find_previous_time(report: Report) -> dt.datetime | None:
    """Return the evidence time of the pack's report before this one; None if it is the first."""
    earlier = Report.objects.ready().filter(pack_id=report.pack_id, position__lt=report.position)
    return earlier.order_by("-position").values_list("created_at", flat=True).first()
