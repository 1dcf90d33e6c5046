"""The database space and the time of a further report that hardly differs from the first."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection

from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.timers import BYTES_PER_MIB

FURTHER_REPORTS = 4


def measure(site: BenchSite) -> Iterator[Measurement]:
    rows, pack = site.scale_size(20_000), site.get_or_create_pack("growth")
    sizes, times = [measure_database_size()], []
    for step in range(1 + FURTHER_REPORTS):
        file = site.get_xls_file(rows, step)
        times.append(site.store_file_as_report(file, pack, step, read_before=True).seconds)
        sizes.append(measure_database_size())
    first, further = sizes[1] - sizes[0], (sizes[-1] - sizes[1]) / FURTHER_REPORTS
    label = f"{rows:,} rows, 1 % changed: room of a further report"
    note = (
        f"{first / BYTES_PER_MIB:.1f} MiB, then {further / BYTES_PER_MIB:.2f} MiB; "
        f"stored form {measure_smallest_reading() / BYTES_PER_MIB:.2f} MiB each"
    )
    yield Measurement(label, further / first * 100, 3, "%", note)
    first_time, further_time = times[0], median(times[1:])
    label = "  bringing it in, reading not counted / the first"
    note = f"{first_time:.2f} s, then {further_time:.2f} s"
    yield Measurement(label, further_time / first_time, 1.0, note=note)


def measure_database_size() -> int:
    """Return the bytes of SQLite's used pages, or of all files of the PostgreSQL database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        pages, free_pages, page_size = (
            int(cursor.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free_pages) * page_size


def measure_smallest_reading() -> int:
    """Return the bytes of the smallest stored form of a file in the archive."""
    paths = Path(settings.MEDIA_ROOT).glob("readings/*/*")
    return min(path.stat().st_size for path in paths if path.is_file())
