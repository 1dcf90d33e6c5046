"""The product's settings with the floor page; BENCH_NO_CACHE turns the cache off."""

import os

from dashboard.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.floor_page"
if os.environ.get("BENCH_NO_CACHE"):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
