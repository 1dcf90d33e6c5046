"""The comparison of two large reports."""

from collections.abc import Iterator

from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.page_costs import (
    QUERY_COUNT,
    compare_with_floor,
    count_queries,
    measure_compressed_size,
)
from tests.bench.stored_reports import create_reports_with_rows, vacuum_database
from tests.bench.timers import read_peak_memory

COMPARED_STEPS = (0, 4)  # four steps change four rows in a hundred
COMPARISON_FILTERS = (
    ("a bucket", "?bucket=fixed"),
    ("a bucket and a risk", "?bucket=new-failure&risk=high"),
    ("a search", "?q=worker-77"),
    ("what still fails", "?bucket=still-failing"),
)


def measure(site: BenchSite) -> Iterator[Measurement]:
    rows, pack = site.scale_size(50_000), site.get_or_create_pack("compared")
    older, newer = create_reports_with_rows(pack, rows, COMPARED_STEPS)
    vacuum_database()
    path = f"/packs/{pack.pk}/compare/{older.pk}/{newer.pk}/"
    sizes = f"{rows:,} x {rows:,} rows, {rows * 4 // 100:,} changes"
    yield compare_with_floor(site, f"comparison of {sizes}: first view", path, 6.0)
    yield measure_compressed_size(site, path)
    yield compare_with_floor(site, "  nothing kept", path, 6.0, cached=False)
    for label, query in COMPARISON_FILTERS:
        yield compare_with_floor(site, f"  filtered: {label}", path + query, 3.0)
        yield compare_with_floor(site, "    nothing kept", path + query, 3.0, cached=False)
    yield Measurement("  queries", count_queries(site, path), QUERY_COUNT, "")
    peak = max(
        read_peak_memory(pid) for server in site.servers for pid in server.list_worker_pids()
    )
    yield Measurement("  peak of a server's process", peak, 512, "MiB")
