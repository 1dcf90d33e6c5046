"""Pages that stand on a long past: a report amid a year of daily ones, long histories, trends."""

from collections.abc import Iterator

from tests.bench import past
from tests.bench.figures import Figure
from tests.bench.pages import against_floor, queries
from tests.bench.place import Place


def measure(place: Place) -> Iterator[Figure]:
    yield from year(place)
    yield from long(place)


def year(place: Place) -> Iterator[Figure]:
    rows, days = place.size(20_000), place.size(365)
    made = past.judged(place.pack("year"), rows, range(days))
    past.settle()
    path, which = f"/reports/{made[days // 2].pk}/", f"in the middle of {days} of {rows:,} rows"
    yield against_floor(place, f"rules of a report {which}", path, 2.5)
    yield against_floor(place, "  nothing kept", path, 2.5, kept=False)
    yield against_floor(place, "its resources, failing first", f"{path}resources/", 4.0)
    yield against_floor(place, "  nothing kept", f"{path}resources/", 4.0, kept=False)


def long(place: Place) -> Iterator[Figure]:
    packs = [place.pack(f"long-{number}") for number in (10, 1_000, 10_000)]
    for pack, number in zip(packs, (10, 1_000, 10_000), strict=True):
        past.reports(pack, range(number))
    past.settle()
    few, thousand, many = (f"/packs/{pack.pk}/" for pack in packs)
    yield against_floor(place, "history of a pack with 10,000 reports, first page", many, 2.0)
    yield against_floor(place, "  nothing kept", many, 2.0, kept=False)
    yield Figure(
        "  queries more than for 10 reports", queries(place, many) - queries(place, few), 0, ""
    )
    yield against_floor(place, "history of everything, first page", "/reports/", 2.0)
    yield Figure("  its queries", queries(place, "/reports/"), 15, "")
    yield against_floor(place, "trend of 1,000 reports", thousand, 2.0)
    yield against_floor(place, "  nothing kept", thousand, 2.0, kept=False)
