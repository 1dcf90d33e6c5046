"""Values that are looked up once for a ready report."""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

from dashboard.models import Report

Value = TypeVar("Value")
CACHE_SECONDS = 3_600


def get_or_load(report: Report, name: str, load: Callable[[], Value]) -> Value:
    """Return the value cached for a ready report under this name, or load and cache it.

    The cache key names what was read from the file, so a report that is read again has new values.
    """
    version = f"{report.position}-{report.reader_version}-{report.content_hash}"
    key = f"{name}-{report.pk}-{version}"
    value: Value | None = cache.get(key)
    if value is None:
        value = load()
        cache.set(key, value, CACHE_SECONDS)
    return value
