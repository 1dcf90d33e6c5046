"""Pages of a company with 2,000 packs in 200 accounts and 104,000 reports, beside those of few.

This group has an installation of its own: it begins with an empty database.
"""

import datetime as dt
from collections.abc import Iterator

from django.utils import timezone

from dashboard.generation import requests
from dashboard.management.company_data import CompanyPlan, create_company
from dashboard.models import Evaluation, Pack
from tests.bench.bench_site import BenchSite
from tests.bench.browsers import measure_eight_browsers
from tests.bench.bulk_generation import measure_generate_all
from tests.bench.kept_summaries import measure_extra_time
from tests.bench.measurements import Measurement
from tests.bench.page_costs import (
    LIST_PAGE_RATIO,
    QUERY_COUNT,
    compare_with_floor,
    count_queries,
    measure_compressed_size,
)
from tests.bench.stored_reports import vacuum_database

HTMX_HEADERS = {"HX-Request": "true"}
FEW_PACKS, SOME_PACKS, ALL_PACKS = 10, 50, 2_000
BROWSERS_RATIO = 1.5
OPENED_RATIO = 1.5  # the packs of an account
# The pages by name: path, how many floor pages each may cost, and whether htmx asks for it.
PAGES = {
    "home": ("/", LIST_PAGE_RATIO, False),
    "home, packs with new failures": ("/?show=new", LIST_PAGE_RATIO, False),
    "home, by name of the pack and risk": ("/?q=OSS&risk=high", LIST_PAGE_RATIO, False),
    # Without scripts: the whole page with the packs of an account.
    "home, one account opened": ("/?open={account}", LIST_PAGE_RATIO + OPENED_RATIO, False),
    "history": ("/reports/", LIST_PAGE_RATIO, False),
    "accounts": ("/accounts/", LIST_PAGE_RATIO, False),
    "an account": ("/accounts/{account}/", LIST_PAGE_RATIO, False),
    "search by name": ("/search/?q=security", LIST_PAGE_RATIO, False),
    "search by part of a resource's id": ("/search/?q={part}", LIST_PAGE_RATIO, False),
    "an account opened in place": ("/home/accounts/{account}/", OPENED_RATIO, True),
    "poll of one running report": ("/status/?report={run}&accounts={account}&lines=yes", 0.6, True),
}


def measure(site: BenchSite) -> Iterator[Measurement]:
    packs = create_packs(FEW_PACKS)
    few_paths = list_paths(packs[0])
    few_queries = count_all_queries(site, few_paths)
    poll = "poll of one running report"
    yield compare_page(site, f"{poll}, {FEW_PACKS} packs", few_paths[poll], poll)
    packs = create_packs(SOME_PACKS)
    # Ten packs all stand open: only from thirty on an account can be opened.
    opened = "home, one account opened"
    few_queries[opened] = count_queries(site, few_paths[opened])
    browsed_paths = ["/", "/reports/", f"/reports/{packs[0].reports.ready()[0].pk}/"]
    some_seconds = measure_eight_browsers(site, browsed_paths)
    packs = create_packs(site.scale_size(ALL_PACKS))
    paths = list_paths(packs[0])
    for name, path in paths.items():
        yield compare_page(site, f"{name}, {len(packs):,} packs", path, name)
        if not is_fragment(name):
            yield measure_compressed_size(site, path)
    yield from compare_queries(few_queries, count_all_queries(site, paths))
    all_seconds = measure_eight_browsers(site, browsed_paths)
    for path, few, many in zip(browsed_paths, some_seconds, all_seconds, strict=True):
        label = f"eight browsers on {path}: p95 / p95 with {SOME_PACKS} packs"
        note = f"{many * 1000:.0f} ms / {few * 1000:.0f} ms"
        yield Measurement(label, many / few, BROWSERS_RATIO, note=note)
    yield measure_extra_time(site)
    yield from measure_generate_all(site, make_plan(len(packs)))


def create_packs(count: int) -> list[Pack]:
    """Create the company up to this number of packs, and return its packs."""
    packs = create_company(make_plan(count))
    vacuum_database()
    return packs


def make_plan(count: int) -> CompanyPlan:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    return CompanyPlan(count, now - dt.timedelta(hours=1))


def list_paths(pack: Pack) -> dict[str, str]:
    """Return the paths of PAGES; a report of the pack is running."""
    run = requests.request_report(pack, user=None)
    resource_id = Evaluation.objects.filter(pack=pack).values_list("resource_id", flat=True)[0]
    return {
        name: path.format(account=pack.account_id, run=run.pk, part=resource_id[4:12])
        for name, (path, _limit, _is_fragment) in PAGES.items()
    }


def is_fragment(name: str) -> bool:
    return PAGES[name][2]


def compare_page(site: BenchSite, label: str, path: str, name: str) -> Measurement:
    """Compare a page of PAGES with the floor page."""
    headers = HTMX_HEADERS if is_fragment(name) else {}
    return compare_with_floor(site, label, path, PAGES[name][1], headers=headers)


def count_all_queries(site: BenchSite, paths: dict[str, str]) -> dict[str, int]:
    return {
        name: count_queries(site, path, HTMX_HEADERS if is_fragment(name) else {})
        for name, path in paths.items()
    }


def compare_queries(few: dict[str, int], many: dict[str, int]) -> Iterator[Measurement]:
    """Yield the most queries of a page, and how many more the pages of many packs take."""
    note = ", ".join(f"{name} {count}" for name, count in many.items())
    yield Measurement("  most queries of one of these", max(many.values()), QUERY_COUNT, "", note)
    name = max(many, key=lambda name: many[name] - few[name])
    label = f"  queries more than with {FEW_PACKS} packs"
    yield Measurement(label, many[name] - few[name], 0, "", name)
