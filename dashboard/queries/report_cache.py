"""A cache for values that are computed from a ready report."""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

from dashboard.models import Report

Value = TypeVar("Value")
CACHE_SECONDS = 3_600


def get_or_load(report: Report, name: str, load: Callable[[], Value]) -> Value:
    """Return the value cached for a ready report under this name; load and cache it if missing.

    The cache key contains the report's content hash and the version of the reader, so that a
    report whose file is read again gets new values. A value of None is never cached.
    """
    version = f"{report.position}-{report.reader_version}-{report.content_hash}"
    key = f"{name}-{report.pk}-{version}"
    value: Value | None = cache.get(key)
    if value is None:
        value = load()
        cache.set(key, value, CACHE_SECONDS)
    return value
