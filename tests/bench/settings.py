"""The product's settings, with one page more, the floor; and without a cache where first views are measured."""

import os

from dashboard.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.floor"
if os.environ.get("KEEP_NOTHING"):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
