"""How often a page asks how far something has come."""

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone


def compute_poll_seconds(started_at: Iterable[dt.datetime]) -> int:
    """Return the seconds between two polls of what started at these times.

    The result is a tenth of the newest one's age, at least 2 and at most 15.
    """
    ages = [(timezone.now() - moment).total_seconds() for moment in started_at]
    return min(15, max(2, int(min(ages, default=0) / 10)))
