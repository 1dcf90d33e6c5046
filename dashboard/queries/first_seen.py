"""The first report with a status: what the archive knows of when the status began.

A status begins at an unknown time between two reports. What the pack's first report in the archive
has may have begun at any time before it.
"""

import datetime as dt
from typing import NamedTuple

from django.db.models import Min

from dashboard.models import Report
from dashboard.models.evaluations import position_time


class FirstSeen(NamedTuple):
    """The evidence time of the first report with a status."""

    time: dt.datetime
    # Whether it is the archive's first report of the pack: the status began no later than that.
    is_archive_start: bool


def load_first_position(pack_id: int) -> int | None:
    """Return the position of the pack's first ready report, None if it has none."""
    reports = Report.objects.ready().filter(pack=pack_id)
    first_position: int | None = reports.aggregate(first=Min("position"))["first"]
    return first_position


def build_first_seen(since: int, first_position: int | None) -> FirstSeen:
    """Return the first report with a status that began at the position `since`."""
    is_archive_start = first_position is not None and since <= first_position
    return FirstSeen(position_time(since), is_archive_start)
