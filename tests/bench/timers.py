"""Time, memory and lock waits: jobs in fresh processes, run in turn with their floors."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

BYTES_PER_MIB = 2**20


class JobResult(NamedTuple):
    """What a job in a fresh process took. Memory is in MiB.

    `peak` includes the pages of mapped files such as the database; `anonymous_peak` does not.
    `child_peak` is the peak of the reader's largest process. `details` depend on the job.
    """

    seconds: float
    peak: float
    anonymous_peak: float
    child_peak: float
    details: dict[str, Any]


def run_job(name: str, *arguments: object) -> JobResult:
    """Run a job of subprocess_jobs.py in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.subprocess_jobs", name, *map(str, arguments)]
    output = subprocess.run(command, cwd=settings.ROOT, check=True, stdout=subprocess.PIPE).stdout
    return JobResult(**json.loads(output))


def pick_median_job(results: list[JobResult]) -> JobResult:
    """Return the result with the median time (the faster of the middle two).

    Its `peak` and `child_peak` are the highest of all results.
    """
    median = sorted(results)[(len(results) - 1) // 2]
    return median._replace(
        peak=max(result.peak for result in results),
        child_peak=max(result.child_peak for result in results),
    )


def run_in_turn(times: int, *sides: Callable[[], Any]) -> list[list[Any]]:
    """Call the sides one after the other, `times` times; return the results of each side.

    A machine that becomes slower for a while slows all sides alike.
    """
    results: list[list[Any]] = [[] for _ in sides]
    for _ in range(times):
        for side_results, side in zip(results, sides, strict=True):
            side_results.append(side())
    return results


def read_peak_memory(pid: int) -> float:
    """Return the highest resident memory (MiB) that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def measure_lock_waits() -> Iterator[list[float]]:
    """Take SQLite's write lock again and again; yield the seconds that each time had to wait.

    Yield one zero on PostgreSQL, where writers of different rows do not wait.
    """
    waits: list[float] = []
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.sqlite3":
        yield [0.0]
        return
    stopped = threading.Event()

    def take_lock_repeatedly() -> None:
        connection = sqlite3.connect(database["NAME"], timeout=60, isolation_level=None)
        while not stopped.wait(0.01):
            started_at = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            waits.append(time.perf_counter() - started_at)
            connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=take_lock_repeatedly)
    thread.start()
    try:
        yield waits
    finally:
        stopped.set()
        thread.join()
