"""Taking times: two sides in turn, so that the machine's moods meet both; medians; jobs in a process of their own."""

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

MIB = 2**20


class Job(NamedTuple):
    """What a job in a fresh process took: seconds, peaks of memory in MiB, and what it told.

    `peak` counts the pages of mapped files too, among them the database's; `anonymous` does not.
    """

    seconds: float
    peak: float
    anonymous: float
    children: float
    told: dict[str, Any]


def alone(*job: object) -> Job:
    """Runs a job of alone.py in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.alone", *map(str, job)]
    output = subprocess.run(command, cwd=settings.ROOT, check=True, stdout=subprocess.PIPE).stdout
    return Job(**json.loads(output))


def median_job(jobs: list[Job]) -> Job:
    """The job whose time is the median (the quicker of the middle two); its peaks are the highest of all."""
    middle = sorted(jobs)[(len(jobs) - 1) // 2]
    return middle._replace(
        peak=max(job.peak for job in jobs), children=max(job.children for job in jobs)
    )


def in_turn(times: int, *sides: Callable[[], Any]) -> list[list[Any]]:
    """What each side gives, called in turn so many times."""
    given: list[list[Any]] = [[] for _ in sides]
    for _ in range(times):
        for results, side in zip(given, sides, strict=True):
            results.append(side())
    return given


def peak_of(pid: int) -> float:
    """The highest resident memory (MiB) that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def waiting_writer() -> Iterator[list[float]]:
    """Another writer, who asks for SQLite's write lock again and again: the seconds he had to wait each time."""
    waits: list[float] = []
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.sqlite3":  # where nobody waits for another's rows
        yield [0.0]
        return
    done = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(database["NAME"], timeout=60, isolation_level=None)
        while not done.wait(0.01):
            begun = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            waits.append(time.perf_counter() - begun)
            connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()
