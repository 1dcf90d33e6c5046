"""Pages of packs with many reports: a report in the middle of a year, histories, trends."""

from collections.abc import Iterator

from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.page_costs import (
    LIST_PAGE_RATIO,
    QUERY_COUNT,
    compare_with_floor,
    count_queries,
    measure_compressed_size,
)
from tests.bench.stored_reports import (
    create_reports_with_rows,
    create_reports_without_rows,
    vacuum_database,
)


def measure(site: BenchSite) -> Iterator[Measurement]:
    yield from measure_year_of_reports(site)
    yield from measure_long_histories(site)


def measure_year_of_reports(site: BenchSite) -> Iterator[Measurement]:
    rows, days = site.scale_size(20_000), site.scale_size(365)
    reports = create_reports_with_rows(site.get_or_create_pack("year"), rows, range(days))
    vacuum_database()
    path = f"/reports/{reports[days // 2].pk}/"
    label = f"rules of a report in the middle of {days} of {rows:,} rows"
    yield compare_with_floor(site, label, path, 2.5)
    yield compare_with_floor(site, "  nothing kept", path, 2.5, cached=False)
    path = f"{path}resources/"
    yield compare_with_floor(site, "its resources, failing first", path, 4.0)
    yield compare_with_floor(site, "  nothing kept", path, 4.0, cached=False)


def measure_long_histories(site: BenchSite) -> Iterator[Measurement]:
    paths = []
    for count in (10, 1_000, 10_000):
        pack = site.get_or_create_pack(f"long-{count}")
        create_reports_without_rows(pack, range(count))
        paths.append(f"/packs/{pack.pk}/")
    vacuum_database()
    few, thousand, many = paths
    label = "history of a pack with 10,000 reports, first page"
    yield compare_with_floor(site, label, many, LIST_PAGE_RATIO)
    yield measure_compressed_size(site, many)
    yield compare_with_floor(site, "  nothing kept", many, LIST_PAGE_RATIO, cached=False)
    more = count_queries(site, many) - count_queries(site, few)
    yield Measurement("  queries more than for 10 reports", more, 0, "")
    label = "history of everything, first page"
    yield compare_with_floor(site, label, "/reports/", LIST_PAGE_RATIO)
    yield measure_compressed_size(site, "/reports/")
    yield Measurement("  its queries", count_queries(site, "/reports/"), QUERY_COUNT, "")
    yield compare_with_floor(site, "trend of 1,000 reports", thousand, LIST_PAGE_RATIO)
    yield measure_compressed_size(site, thousand)
    yield compare_with_floor(site, "  nothing kept", thousand, LIST_PAGE_RATIO, cached=False)
