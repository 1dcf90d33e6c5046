"""The names of the time zones that a user can choose."""

import zoneinfo
from functools import cache


@cache
def load_zone_names() -> frozenset[str]:
    """Return the names of all time zones.

    They are loaded once, because every request needs them and each load searches all their files.
    """
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})
