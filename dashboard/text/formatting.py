"""Format values as text: times with their zone, ages, durations, counts, rates, sizes."""

import datetime as dt
from functools import lru_cache

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext_lazy

# Django's own Chinese text for 6 days is "6 日", which reads as a date: the sixth of the month.
AGES = {
    "year": ngettext_lazy("%(num)d year ago", "%(num)d years ago", "num"),
    "month": ngettext_lazy("%(num)d month ago", "%(num)d months ago", "num"),
    "week": ngettext_lazy("%(num)d week ago", "%(num)d weeks ago", "num"),
    "day": ngettext_lazy("%(num)d day ago", "%(num)d days ago", "num"),
    "hour": ngettext_lazy("%(num)d hour ago", "%(num)d hours ago", "num"),
    "minute": ngettext_lazy("%(num)d minute ago", "%(num)d minutes ago", "num"),
}


def format_utc_offset(offset: dt.timedelta | None) -> str:
    """Return an offset from UTC as text, for example "UTC+8", "UTC-3:30" or "UTC"."""
    minutes = int((offset or dt.timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    sign = "+" if minutes > 0 else "-"
    hours, odd_minutes = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{odd_minutes:02}" if odd_minutes else f"UTC{sign}{hours}"


@lru_cache(maxsize=64)
def get_fixed_offset(zone: dt.tzinfo, year: int) -> dt.timedelta | None:
    """Return the offset of a zone from UTC in a year; None if it has summer time in that year."""
    days = (dt.datetime(year, month, 1, tzinfo=dt.UTC) for month in (1, 7))
    offsets = {day.astimezone(zone).utcoffset() for day in days}
    return offsets.pop() if len(offsets) == 1 else None


def format_zone_name() -> str:
    """Return the active zone; with its offset from UTC where that is the same all year."""
    name = timezone.get_current_timezone_name()
    offset = get_fixed_offset(timezone.get_current_timezone(), timezone.now().year)
    if offset is None:
        return name
    offset_text = format_utc_offset(offset)
    return name if name == offset_text else f"{name}, {offset_text}"


def format_time(value: dt.datetime, with_seconds: bool = False) -> str:
    """Return a time in the active time zone, with its offset: `2026-11-20 09:14 UTC+8`.

    Not with the zone's short name: CST is also the name of another zone.
    """
    local = timezone.localtime(value)
    return f"{format_local_time(local, with_seconds)} {format_utc_offset(local.utcoffset())}"


def format_page_time(value: dt.datetime, with_seconds: bool = False) -> str:
    """Return a time for a page that names the zone once: `2026-11-20 09:14`.

    The offset is added if the named zone does not tell it: it has summer time, or had another
    offset then.
    """
    local = timezone.localtime(value)
    if is_offset_named(local):
        return format_local_time(local, with_seconds)
    return format_time(value, with_seconds)


def format_local_time(local: dt.datetime, with_seconds: bool = False) -> str:
    """Return a time of the active time zone without its offset: `2026-11-20 09:14`."""
    return f"{local:%Y-%m-%d %H:%M:%S}" if with_seconds else f"{local:%Y-%m-%d %H:%M}"


def is_offset_named(local: dt.datetime) -> bool:
    """Return whether format_zone_name() tells the offset of a time of the active time zone."""
    zone = timezone.get_current_timezone()
    return local.utcoffset() == get_fixed_offset(zone, timezone.now().year)


def format_age(value: dt.datetime | None, at: dt.datetime | None = None) -> str:
    """Return how long ago a time was, in one unit: `8 days ago`; empty for None.

    The age is the one at the time `at`, or else now.
    """
    if value is None:
        return ""
    if (at or timezone.now()) - value < dt.timedelta(minutes=1):
        return gettext("just now")
    # Django types the texts as plain strings; lazy ones work, its own defaults are lazy too.
    return timesince(value, at, time_strings=AGES, depth=1)  # type: ignore[arg-type]


def format_duration(seconds: float) -> str:
    """Return a duration as minutes and seconds, for example `0:37`; `0:00` if it is negative."""
    minutes, odd_seconds = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{odd_seconds:02}"


def format_elapsed(start: dt.datetime) -> str:
    """Return the time since `start` as minutes and seconds."""
    return format_duration((timezone.now() - start).total_seconds())


def format_number(value: int | None) -> str:
    """Return a count with thousands separators; a dash for None."""
    return "–" if value is None else f"{value:,}"


def format_percent(text: str) -> str:
    """Return a number, which is already a text, with a percent sign."""
    # Translators: a percentage; %(number)s is "86.2" or "< 0.1". Chinese has no space there.
    return gettext("%(number)s %%") % {"number": text}


def format_rate(compliant: int, failing: int) -> str:
    """Return the evaluation rate as text in percent, cut to a tenth; "no data" without any count.

    The rate is not rounded: 100 % always means that nothing fails, and 0 % that nothing is
    compliant.
    """
    total = compliant + failing
    if not total:
        return gettext("no data")
    tenths = compliant * 1000 // total  # tenths of a percent
    if not tenths and compliant:
        return format_percent("< 0.1")
    return format_percent(f"{tenths // 10}" if tenths in (0, 1000) else f"{tenths / 10:.1f}")


def shorten_middle(text: str, length: int = 24) -> str:
    """Return the text with "…" in place of its middle if it is longer than `length`.

    The start and the end of an id are kept, because ids differ there.
    """
    if len(text) <= length:
        return text
    end_length = (length - 1) // 2
    start_length = length - 1 - end_length
    return f"{text[:start_length]}…{text[-end_length:]}"


def format_size(value: int) -> str:
    """Return a number of bytes as text, for example `24.0 KiB`."""
    amount = float(value)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
