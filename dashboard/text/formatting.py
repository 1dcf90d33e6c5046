"""Figures and times in the reader's words: moments with their zone, ages, counts, rates, sizes."""

import datetime as dt
from functools import cache

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext_lazy

# Django's own Chinese says "6 日", which reads as a date: the sixth of the month.
AGES = {
    "year": ngettext_lazy("%(num)d year ago", "%(num)d years ago", "num"),
    "month": ngettext_lazy("%(num)d month ago", "%(num)d months ago", "num"),
    "week": ngettext_lazy("%(num)d week ago", "%(num)d weeks ago", "num"),
    "day": ngettext_lazy("%(num)d day ago", "%(num)d days ago", "num"),
    "hour": ngettext_lazy("%(num)d hour ago", "%(num)d hours ago", "num"),
    "minute": ngettext_lazy("%(num)d minute ago", "%(num)d minutes ago", "num"),
}


def format_utc_offset(distance: dt.timedelta | None) -> str:
    """The distance from UTC as people write it: UTC+8, UTC-3:30, UTC."""
    minutes = int((distance or dt.timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


@cache
def format_zone(name: str | None, distance: dt.timedelta | None) -> str:
    """A zone with its distance from UTC: `CST (UTC+8)`, or `UTC+8` alone where the zone has no name."""
    away = format_utc_offset(distance)
    return f"{name} ({away})" if name and name.isalpha() and name != away else away


def format_time(value: dt.datetime) -> str:
    """A moment in the reader's zone: `2026-11-20 09:14 CST (UTC+8)`."""
    local = timezone.localtime(value)
    return (
        f"{local.isoformat(' ', 'minutes')[:16]} {format_zone(local.tzname(), local.utcoffset())}"
    )


def format_age(value: dt.datetime | None) -> str:
    """How long ago, in one unit."""
    if value is None:
        return ""
    if timezone.now() - value < dt.timedelta(minutes=1):
        return gettext("just now")
    return timesince(value, time_strings=AGES, depth=1)  # type: ignore[arg-type]  # lazy, as its own are


def format_duration(seconds: float) -> str:
    """A duration as minutes and seconds: 0:37."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"


def format_elapsed(since: dt.datetime) -> str:
    """How long it has been, as minutes and seconds."""
    return format_duration((timezone.now() - since).total_seconds())


def format_number(value: int | None) -> str:
    """A count with its thousands set apart."""
    return "–" if value is None else f"{value:,}"


def format_percent(text: str) -> str:
    # Translators: a percentage; %(number)s is "86.2" or "< 0.1". Chinese sets no space before the sign.
    return gettext("%(number)s %%") % {"number": text}


def format_rate(compliant: int, failing: int) -> str:
    """Compliant among those judged, cut (not rounded) to a tenth: no failure hides in 100 %, nothing good in 0 %."""
    judged = compliant + failing
    if not judged:
        return gettext("no data")
    tenths = compliant * 1000 // judged
    if not tenths and compliant:
        return format_percent("< 0.1")
    return format_percent(f"{tenths // 10}" if tenths in (0, 1000) else f"{tenths / 10:.1f}")


def shorten_middle(text: str, length: int = 24) -> str:
    """A long id cut in its middle: both of its ends tell it from others."""
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[-tail:]}"


def format_size(value: int) -> str:
    """Bytes as people write them: 24.0 KiB."""
    amount = float(value)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
