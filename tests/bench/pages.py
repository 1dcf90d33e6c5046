"""Pages against the floor page: medians of many requests over one connection."""

from collections.abc import Iterator

from dashboard.generation import requests
from dashboard.models import Pack, Report
from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.page_costs import (
    LIST_PAGE_RATIO,
    QUERY_COUNT,
    compare_query_counts,
    compare_with_floor,
    count_queries,
    measure_compressed_size,
)
from tests.bench.stored_reports import create_reports_without_rows, vacuum_database

HTMX_HEADERS = {"HX-Request": "true"}
HOME_PACKS = 50
RESOURCE_FILTERS = (
    ("failing, high risk", "?status=failing&risk=high"),
    ("one rule", "?rule={rule_id}"),
    ("one region", "?region=cn-beijing"),
    ("failing, one type", "?status=failing&type=ACS::OSS::Bucket"),
    ("last page", "?page=1311"),
    ("sorted by region", "?sort=region"),
)
RESOURCE_SEARCHES = (
    ("one resource", "?q=worker-777"),
    ("a word of half the rows", "?q=worker-1"),
    ("nothing", "?q=nowhere"),
    ("two words", "?q=hangzhou+property7"),
)


def measure(site: BenchSite) -> Iterator[Measurement]:
    yield from measure_home(site)
    size_label = f"{site.scale_size(65_535):,} rows"
    large = f"/reports/{site.large_report_id}/"
    pack = site.get_or_create_pack("sizes")
    few, many = (store_and_get_path(site, pack, day, rows) for day, rows in enumerate((10, 10_000)))
    vacuum_database()
    yield from measure_rules(site, size_label, large, few, many)
    yield from measure_sheet(site, size_label, large, few, many)
    yield from measure_resources(site, size_label, large, few, many)
    yield from measure_status_fragment(site)


def store_and_get_path(site: BenchSite, pack: Pack, day: int, rows: int) -> str:
    """Store a report with this number of rows and return the path of its page."""
    job = site.store_file_as_report(site.get_xls_file(rows), pack, day)
    return f"/reports/{job.details['report']}/"


def measure_home(site: BenchSite) -> Iterator[Measurement]:
    for number in range(10):
        create_reports_without_rows(site.get_or_create_pack(f"home-{number}"), range(52))
    few = count_queries(site, "/")
    for number in range(HOME_PACKS - Pack.objects.count()):
        create_reports_without_rows(site.get_or_create_pack(f"home-{10 + number}"), range(52))
    vacuum_database()
    yield compare_with_floor(site, "home, 50 packs of 52 reports each", "/", LIST_PAGE_RATIO)
    yield measure_compressed_size(site, "/")
    many = count_queries(site, "/")
    note = f"{few} for 10 packs, {many} for 50"
    yield Measurement("  queries", many, QUERY_COUNT, "", note)
    yield Measurement("  queries more for many rows", many - few, 0, "")


def measure_rules(
    site: BenchSite, size_label: str, large: str, few: str, many: str
) -> Iterator[Measurement]:
    """Measure the rules of a large report; the paths are of reports, `few` has 10 rows."""
    yield compare_with_floor(site, f"a report's rules ({size_label})", large, LIST_PAGE_RATIO)
    yield measure_compressed_size(site, large)
    yield from compare_query_counts(site, "rules, 10 and 10,000 rows", few, many)
    yield compare_with_floor(site, "  nothing kept", large, LIST_PAGE_RATIO, cached=False)


def measure_sheet(
    site: BenchSite, size_label: str, large: str, few: str, many: str
) -> Iterator[Measurement]:
    """Measure a sheet of a large report; the paths are of reports, `few` has 10 rows."""
    for label, query in (("the first", ""), ("in the middle", "?page=300")):
        path = f"{large}sheets/0/{query}"
        label = f"a sheet's page ({size_label}), {label}"
        yield compare_with_floor(site, label, path, LIST_PAGE_RATIO)
        yield measure_compressed_size(site, path)
    yield from compare_query_counts(
        site, "sheet, 10 and 10,000 rows", f"{few}sheets/0/", f"{many}sheets/0/"
    )


def measure_resources(
    site: BenchSite, size_label: str, large: str, few: str, many: str
) -> Iterator[Measurement]:
    """Measure the resources of a large report; the paths are of reports, `few` has 10 rows."""
    path = f"{large}resources/"
    label = f"a report's resources ({size_label}), failing first"
    yield compare_with_floor(site, label, path, 3.0)
    yield measure_compressed_size(site, path)
    yield compare_with_floor(site, "  nothing kept", path, 3.0, cached=False)
    rule_id = find_failing_rule(site.large_report_id)
    for label, query in RESOURCE_FILTERS:
        filtered = path + query.format(rule_id=rule_id)
        yield compare_with_floor(site, f"  filtered: {label}", filtered, 5.0)
    for label, query in RESOURCE_SEARCHES:
        yield compare_with_floor(site, f"  searched: {label}", path + query, 5.0)
    yield from compare_query_counts(
        site, "resources, 10 and 10,000 rows", f"{few}resources/", f"{many}resources/"
    )


def find_failing_rule(report_id: int) -> int:
    """Return the database id of the report's first failing rule."""
    return Report.objects.get(pk=report_id).rule_results.failing_first()[0].rule_id


def measure_status_fragment(site: BenchSite) -> Iterator[Measurement]:
    """Measure the fragment that a page requests again and again while a report is running."""
    report = requests.request_report(site.get_or_create_pack("home-0"), user=None)
    path = f"/reports/{report.pk}/status/"
    yield compare_with_floor(site, "status fragment", path, 0.5, headers=HTMX_HEADERS)
    size = len(site.server.get(path, HTMX_HEADERS).content)
    yield Measurement("  its size", size, 4095, "B")
    yield Measurement("  its queries", count_queries(site, path, HTMX_HEADERS), 3, "")
    requests.cancel_report(report, user=None)
