"""Days of the calendar as times: where a day starts and ends in the active time zone."""

import datetime as dt

from django.utils import timezone

# No report is older or newer. Near the ends of the calendar, a time has no form in every zone.
EARLIEST_DAY = dt.date(1970, 1, 2)
LATEST_DAY = dt.date(9999, 12, 29)


def get_day_start(day: dt.date) -> dt.datetime:
    """Return the start of a day; a day beyond the limits stands for the limit."""
    day = min(max(day, EARLIEST_DAY), LATEST_DAY)
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def get_day_end(day: dt.date) -> dt.datetime:
    """Return the start of the next day; a day beyond the limits stands for the limit."""
    day = min(max(day, EARLIEST_DAY), LATEST_DAY)
    return get_day_start(day + dt.timedelta(days=1))
