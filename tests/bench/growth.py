"""What a further report costs that is nearly as the one before: room in the database, and time."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection

from tests.bench.figures import Figure
from tests.bench.place import Place
from tests.bench.timing import MIB

FURTHER = 4


def measure(place: Place) -> Iterator[Figure]:
    rows, pack = place.size(20_000), place.pack("growth")
    sizes, times = [used()], []
    for step in range(1 + FURTHER):
        times.append(place.ready(place.xls(rows, step), pack, step, read_before=True).seconds)
        sizes.append(used())
    first, further = sizes[1] - sizes[0], (sizes[-1] - sizes[1]) / FURTHER
    kept = [
        path.stat().st_size
        for path in Path(settings.MEDIA_ROOT).glob("readings/*/*")
        if path.is_file()
    ]
    room = f"{first / MIB:.1f} MiB, then {further / MIB:.2f} MiB; stored form {min(kept) / MIB:.2f} MiB each"
    yield Figure(
        f"{rows:,} rows, 1 % changed: room of a further report", further / first * 100, 3, "%", room
    )
    note = f"{times[0]:.2f} s, then {median(times[1:]):.2f} s"
    yield Figure(
        "  bringing it in, reading not counted / the first",
        median(times[1:]) / times[0],
        1.0,
        note=note,
    )


def used() -> int:
    """Bytes of the database's pages that hold something; on PostgreSQL, of all its files."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        numbers = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count")
        ]
        return int((numbers[0] - numbers[1]) * cursor.execute("PRAGMA page_size").fetchone()[0])
