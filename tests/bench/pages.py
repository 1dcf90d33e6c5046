"""Pages against the floor: the median of many requests each, in turn with the floor's, over one connection."""

from collections.abc import Iterator
from statistics import median
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.generation import requests
from dashboard.models import Pack, Report
from tests.bench import past
from tests.bench.figures import Figure
from tests.bench.place import NONE, Headers, Place
from tests.bench.timing import in_turn

FLOOR = "/floor/"
HTMX = {"HX-Request": "true"}


def measure(place: Place) -> Iterator[Figure]:
    yield from home(place)
    yield from report(place)
    yield from status(place)


def against_floor(
    place: Place, what: str, path: str, target: float, kept: bool = True, headers: Headers = NONE
) -> Figure:
    """A page's time against the floor's; with nothing `kept`, every view is a first one, and there are fewer."""
    server, times = (
        (place.server, place.requests) if kept else (place.forgetful, place.requests // 5)
    )
    for warm in (path, FLOOR) * 8:  # both of gunicorn's workers
        server.get(warm, headers if warm == path else NONE)
    ours, floor = in_turn(times, lambda: server.took(path, headers), lambda: server.took(FLOOR))
    size = len(server.get(path, headers).content)
    note = f"{median(ours) * 1000:.1f} ms / {median(floor) * 1000:.1f} ms, {size / 1024:.0f} KiB"
    return Figure(what, median(ours) / median(floor), target, note=note)


def queries(place: Place, path: str, headers: Headers = NONE) -> int:
    """How many queries a page takes when nothing is cached."""
    browser = Client(SERVER_NAME="127.0.0.1", headers=headers)
    browser.force_login(place.user)
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        if browser.get(path).status_code != 200:
            raise SystemExit(f"{path} did not answer in process")
    return len(captured)


def same_queries(place: Place, what: str, few: str, many: str) -> Iterator[Figure]:
    """The number of queries, and that it does not depend on the number of rows."""
    counts = queries(place, few), queries(place, many)
    yield Figure(
        f"  queries, {what}", max(counts), 15, "", f"{counts[0]} for few, {counts[1]} for many"
    )
    yield Figure("  queries more for many rows", counts[1] - counts[0], 0, "")


def home(place: Place) -> Iterator[Figure]:
    for number in range(10):
        past.reports(place.pack(f"home-{number}"), range(52))
    few = queries(place, "/")
    for number in range(50 - Pack.objects.count()):
        past.reports(place.pack(f"home-{10 + number}"), range(52))
    past.settle()
    yield against_floor(place, "home, 50 packs of 52 reports each", "/", 2.0)
    many = queries(place, "/")
    yield Figure("  queries", many, 15, "", f"{few} for 10 packs, {many} for 50")
    yield Figure("  queries more for many rows", many - few, 0, "")


def report(place: Place) -> Iterator[Figure]:
    large, rows = f"/reports/{place.large}/", f"{place.size(65_535):,} rows"
    pack = place.pack("sizes")
    few, many = (
        f"/reports/{place.ready(place.xls(number), pack, day).told['report']}/"
        for day, number in enumerate((10, 10_000))
    )
    past.settle()
    yield against_floor(place, f"a report's rules ({rows})", large, 2.0)
    yield from same_queries(place, "rules, 10 and 10,000 rows", few, many)
    yield against_floor(place, "  nothing kept", large, 2.0, kept=False)
    yield against_floor(place, f"a sheet's page ({rows}), the first", f"{large}sheets/0/", 2.0)
    yield against_floor(
        place, f"a sheet's page ({rows}), in the middle", f"{large}sheets/0/?page=300", 2.0
    )
    yield from same_queries(
        place, "sheet, 10 and 10,000 rows", f"{few}sheets/0/", f"{many}sheets/0/"
    )
    resources = f"{large}resources/"
    yield against_floor(place, f"a report's resources ({rows}), failing first", resources, 3.0)
    yield against_floor(place, "  nothing kept", resources, 3.0, kept=False)
    for words, query in (
        ("failing, high risk", "?status=failing&risk=high"),
        ("one rule", f"?rule={rule(large)}"),
        ("one region", "?region=cn-beijing"),
        ("failing, one type", "?status=failing&type=ACS::OSS::Bucket"),
        ("last page", "?page=1311"),
        ("sorted by region", "?sort=region"),
    ):
        yield against_floor(place, f"  filtered: {words}", resources + query, 5.0)
    for words, query in (
        ("one resource", "?q=worker-777"),
        ("a word of half the rows", "?q=worker-1"),
        ("nothing", "?q=nowhere"),
        ("two words", "?q=hangzhou+property7"),
    ):
        yield against_floor(place, f"  searched: {words}", resources + query, 5.0)
    yield from same_queries(
        place, "resources, 10 and 10,000 rows", f"{few}resources/", f"{many}resources/"
    )


def rule(path: str) -> int:
    """A rule of the report at a path."""
    report = Report.objects.get(pk=int(urlsplit(path).path.split("/")[2]))
    return report.rule_results.failing_first()[0].rule_id


def status(place: Place) -> Iterator[Figure]:
    """The fragment that a page asks for again and again while a report is being made."""
    run = requests.request_report(place.pack("home-0"), by=None)
    path = f"/reports/{run.pk}/status/"
    yield against_floor(place, "status fragment", path, 0.5, headers=HTMX)
    yield Figure("  its size", len(place.server.get(path, HTMX).content), 4095, "B")
    yield Figure("  its queries", queries(place, path, HTMX), 3, "")
    requests.cancel_report(run)
