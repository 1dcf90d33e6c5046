"""Exports against bare writers of the same cells, each in a process of its own."""

from collections.abc import Iterator
from functools import partial

from dashboard import tasks
from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement, compare_seconds
from tests.bench.timers import pick_median_job, run_in_turn, run_job

EXPORT_LIMITS = {"xlsx": 1.2, "csv": 1.5}
EXPORT_ROUNDS = {"xlsx": 2, "csv": 3}


def measure(site: BenchSite) -> Iterator[Measurement]:
    large = site.large_report_id
    small_file = site.get_xls_file(site.scale_size(16_000))
    small_job = site.store_file_as_report(small_file, site.get_or_create_pack("export"), 0)
    tasks.checkpoint_sqlite.call_local()  # as a worker does every minute
    for file_format in EXPORT_LIMITS:
        yield from measure_export(file_format, large, small_job.details["report"])


def measure_export(file_format: str, large: int, small: int) -> Iterator[Measurement]:
    """Measure the export of the large report, and its memory against that of the small one."""
    floors, ours = run_in_turn(
        EXPORT_ROUNDS[file_format],
        partial(run_job, "write-with-bare-writer", file_format, large),
        partial(run_job, "export-resources", file_format, large),
    )
    floor, job = pick_median_job(floors), pick_median_job(ours)
    label = f"export of {job.details['rows']:,} rows to {file_format} / bare"
    yield compare_seconds(label, job.seconds, floor.seconds, EXPORT_LIMITS[file_format])
    small_job = run_job("export-resources", file_format, small)
    note = ", ".join(
        f"{result.anonymous_peak:.0f} MiB for {result.details['rows']:,} rows"
        for result in (small_job, job)
    )
    ratio = job.anonymous_peak / small_job.anonymous_peak
    yield Measurement("  memory for four times the rows", ratio, 1.25, note=note)
