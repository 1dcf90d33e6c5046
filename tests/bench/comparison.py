"""A comparison of two large reports."""

from collections.abc import Iterator

from tests.bench import past
from tests.bench.figures import Figure
from tests.bench.pages import against_floor, queries
from tests.bench.place import Place
from tests.bench.timing import peak_of

STEPS = (0, 4)  # each step turns a hundredth of the rows


def measure(place: Place) -> Iterator[Figure]:
    rows, pack = place.size(50_000), place.pack("compared")
    older, newer = past.judged(pack, rows, STEPS)
    past.settle()
    path = f"/packs/{pack.pk}/compare/{older.pk}/{newer.pk}/"
    which = f"{rows:,} x {rows:,} rows, {rows * 4 // 100:,} changes"
    yield against_floor(place, f"comparison of {which}: first view", path, 6.0)
    yield against_floor(place, "  nothing kept", path, 6.0, kept=False)
    for words, query in (
        ("a bucket", "?bucket=fixed"),
        ("a bucket and a risk", "?bucket=new-failure&risk=high"),
        ("a search", "?q=worker-77"),
        ("what still fails", "?bucket=still-failing"),
    ):
        yield against_floor(place, f"  filtered: {words}", path + query, 3.0)
        yield against_floor(place, "    nothing kept", path + query, 3.0, kept=False)
    yield Figure("  queries", queries(place, path), 15, "")
    peak = max(peak_of(pid) for server in place.servers for pid in server.pids())
    yield Figure("  peak of a server's process", peak, 512, "MiB")
