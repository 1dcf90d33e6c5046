"""Files to ready reports: time against the bare reader, memory, and the write lock."""

from collections.abc import Iterator

from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement, compare_seconds
from tests.bench.timers import measure_lock_waits, pick_median_job, run_in_turn, run_job

XLS_ROUNDS = 5


def measure(site: BenchSite) -> Iterator[Measurement]:
    yield from measure_xls(site)
    yield from measure_xlsx(site)


def measure_xls(site: BenchSite) -> Iterator[Measurement]:
    rows = site.scale_size(65_535)
    file = site.get_xls_file(rows)
    packs = (site.get_or_create_pack(f"xls-{number}") for number in range(XLS_ROUNDS))
    with measure_lock_waits() as waits:
        floors, ours = run_in_turn(
            XLS_ROUNDS,
            lambda: run_job("read-with-xlrd", file),
            lambda: site.store_file_as_report(file, next(packs), 0),
        )
    floor, job = pick_median_job(floors), pick_median_job(ours)
    label = f"{rows:,} x 14 .xls: bytes to ready / bare xlrd"
    yield compare_seconds(label, job.seconds, floor.seconds, 2.5)
    peak = job.peak + job.child_peak
    note = f"worker {job.peak:.0f} + reader {job.child_peak:.0f}; bare xlrd {floor.peak:.0f}"
    yield Measurement("  peak of worker and reader together", peak, 400, "MiB", note)
    statements, stored = job.details["statements"], job.details["rows"]
    note = f"{statements} for {stored:,} rows"
    yield Measurement("  statements per stored row", statements / stored, 0.02, "", note)
    longest = max(result.details["longest_transaction"] for result in ours)
    note = f"another writer waited {max(waits):.2f} s at most"
    yield Measurement("  longest transaction", longest, 1.0, "s", note)


def measure_xlsx(site: BenchSite) -> Iterator[Measurement]:
    rows = site.scale_size(200_000)
    small_file, file = site.get_xlsx_file(rows // 4), site.get_xlsx_file(rows)
    small_job = site.store_file_as_report(small_file, site.get_or_create_pack("xlsx-0"), 0)
    floor = run_job("read-with-openpyxl", file)
    job = site.store_file_as_report(file, site.get_or_create_pack("xlsx-1"), 0)
    label = f"{rows:,} x 14 .xlsx: bytes to ready / bare openpyxl read-only"
    yield compare_seconds(label, job.seconds, floor.seconds, 1.3)
    label = "  reader's memory for four times the rows"
    note = (
        f"reader {small_job.child_peak:.0f} MiB for {rows // 4:,} rows, "
        f"{job.child_peak:.0f} MiB for {rows:,}"
    )
    yield Measurement(label, job.child_peak / small_job.child_peak, 1.5, note=note)
    label = "  worker's memory for four times the rows"
    note = (
        f"worker {small_job.anonymous_peak:.0f} MiB, then {job.anonymous_peak:.0f} MiB, "
        "mapped files not counted"
    )
    yield Measurement(label, job.anonymous_peak / small_job.anonymous_peak, 1.5, note=note)
