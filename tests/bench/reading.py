"""Files to ready reports: time against the bare reader, memory, the write lock."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.place import Place
from tests.bench.timing import alone, in_turn, median_job, waiting_writer


def measure(place: Place) -> Iterator[Figure]:
    yield from xls(place)
    yield from xlsx(place)


def xls(place: Place) -> Iterator[Figure]:
    rows = place.size(65_535)
    file = place.xls(rows)
    packs = (place.pack(f"xls-{number}") for number in range(99))
    with waiting_writer() as waits:
        bare, ours = in_turn(
            5, lambda: alone("xlrd", file), lambda: place.ready(file, next(packs), 0)
        )
    floor, job = median_job(bare), median_job(ours)
    told = job.told
    what = f"{rows:,} x 14 .xls: bytes to ready / bare xlrd"
    yield Figure(
        what, job.seconds / floor.seconds, 2.0, note=f"{job.seconds:.2f} s / {floor.seconds:.2f} s"
    )
    peaks = f"worker {job.peak:.0f} + reader {job.children:.0f}; bare xlrd {floor.peak:.0f}"
    yield Figure("  peak of worker and reader together", job.peak + job.children, 400, "MiB", peaks)
    per_row = told["statements"] / told["rows"]
    yield Figure(
        "  statements per stored row",
        per_row,
        0.02,
        "",
        f"{told['statements']} for {told['rows']:,} rows",
    )
    longest = max(job.told["longest_lock"] for job in ours)
    yield Figure(
        "  longest transaction",
        longest,
        1.0,
        "s",
        f"another writer waited {max(waits):.2f} s at most",
    )


def xlsx(place: Place) -> Iterator[Figure]:
    rows = place.size(200_000)
    few, many = place.xlsx(rows // 4), place.xlsx(rows)
    packs = (place.pack(f"xlsx-{number}") for number in range(99))
    small = place.ready(few, next(packs), 0)
    bare, ours = in_turn(
        1, lambda: alone("openpyxl", many), lambda: place.ready(many, next(packs), 0)
    )
    floor, job = median_job(bare), median_job(ours)
    what = f"{rows:,} x 14 .xlsx: bytes to ready / bare openpyxl read-only"
    yield Figure(
        what, job.seconds / floor.seconds, 1.3, note=f"{job.seconds:.2f} s / {floor.seconds:.2f} s"
    )
    peaks = f"reader {small.children:.0f} MiB for {rows // 4:,} rows, {job.children:.0f} MiB for {rows:,}"
    yield Figure(
        "  reader's memory for four times the rows", job.children / small.children, 1.5, note=peaks
    )
    peaks = (
        f"worker {small.anonymous:.0f} MiB, then {job.anonymous:.0f} MiB, mapped files not counted"
    )
    yield Figure(
        "  worker's memory for four times the rows",
        job.anonymous / small.anonymous,
        1.5,
        note=peaks,
    )
