"""The cost of a page: its time against the floor page, its queries and its size."""

import gzip
from collections.abc import Iterator
from statistics import median

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.bench_site import NO_HEADERS, BenchSite, Headers
from tests.bench.measurements import Measurement
from tests.bench.timers import run_in_turn

FLOOR_PATH = "/floor/"
LIST_PAGE_RATIO = 2.5  # a list page may cost this many floor pages
COMPRESSED_KIB = 40
QUERY_COUNT = 15
WARM_UP_REQUESTS = 8  # enough to reach both processes of the web server


def compare_with_floor(
    site: BenchSite,
    label: str,
    path: str,
    limit: float,
    cached: bool = True,
    headers: Headers = NO_HEADERS,
) -> Measurement:
    """Return the median time of a page as a multiple of the floor page's median.

    Without `cached` each view is a first view, and there are fewer requests.
    """
    server = site.server if cached else site.uncached_server
    times = site.request_count if cached else site.request_count // 5
    for _ in range(WARM_UP_REQUESTS):
        server.get(path, headers)
        server.get(FLOOR_PATH)
    page_times, floor_times = run_in_turn(
        times,
        lambda: server.time_request(path, headers),
        lambda: server.time_request(FLOOR_PATH),
    )
    size = len(server.get(path, headers).content)
    ours, floor = median(page_times), median(floor_times)
    note = f"{ours * 1000:.1f} ms / {floor * 1000:.1f} ms, {size / 1024:.0f} KiB"
    return Measurement(label, ours / floor, limit, note=note)


def measure_compressed_size(site: BenchSite, path: str) -> Measurement:
    """Return the size of a page after gzip."""
    content = site.server.get(path).content
    size = len(gzip.compress(content, compresslevel=6)) / 1024
    note = f"{len(content) / 1024:.0f} KiB before gzip"
    return Measurement("  compressed size", size, COMPRESSED_KIB, "KiB", note)


def count_queries(site: BenchSite, path: str, headers: Headers = NO_HEADERS) -> int:
    """Return the number of queries of a page when the cache is empty."""
    client = Client(SERVER_NAME="127.0.0.1", headers=headers)
    client.force_login(site.user)
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        if client.get(path).status_code != 200:
            raise SystemExit(f"{path} did not answer in this process")
    return len(queries)


def compare_query_counts(
    site: BenchSite, label: str, few_rows_path: str, many_rows_path: str
) -> Iterator[Measurement]:
    """Yield the number of queries, and how many more a page with many rows needs."""
    few, many = count_queries(site, few_rows_path), count_queries(site, many_rows_path)
    note = f"{few} for few, {many} for many"
    yield Measurement(f"  queries, {label}", max(few, many), QUERY_COUNT, "", note)
    yield Measurement("  queries more for many rows", many - few, 0, "")
