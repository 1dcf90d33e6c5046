"""Exports against the bare writers of the same cells, each in a process of its own."""

from collections.abc import Iterator

from dashboard import tasks
from tests.bench.figures import Figure
from tests.bench.place import Place
from tests.bench.timing import alone, in_turn, median_job

TARGETS = {"xlsx": 1.2, "csv": 1.5}


def measure(place: Place) -> Iterator[Figure]:
    large = place.large
    small = place.ready(place.xls(place.size(16_000)), place.pack("export"), 0).told["report"]
    tasks.checkpoint_sqlite.call_local()  # as a worker does every minute
    for form, target in TARGETS.items():
        rounds = 3 if form == "csv" else 2
        bare, ours = in_turn(
            rounds, lambda: alone("bare", form, large), lambda: alone("export", form, large)
        )  # noqa: B023
        floor, job = median_job(bare), median_job(ours)
        what = f"export of {job.told['rows']:,} rows to {form} / bare"
        yield Figure(
            what,
            job.seconds / floor.seconds,
            target,
            note=f"{job.seconds:.2f} s / {floor.seconds:.2f} s",
        )
        fewer = alone("export", form, small)
        sizes = [f"{one.anonymous:.0f} MiB for {one.told['rows']:,} rows" for one in (fewer, job)]
        yield Figure(
            "  memory for four times the rows",
            job.anonymous / fewer.anonymous,
            1.25,
            note=", ".join(sizes),
        )
