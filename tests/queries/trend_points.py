"""Points of a trend, for the tests of queries and of charts."""

import datetime as dt

from dashboard.queries.trend import Point

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def make_points(*days: int) -> list[Point]:
    """Return a point for each day after START, all with the same counts."""
    return [Point(day, START + dt.timedelta(days=day), 90, 10) for day in days]
