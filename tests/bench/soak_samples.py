"""Samples of a soak: the memory of its processes, the sizes of database and archive, the load."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import linear_regression

from django.conf import settings
from django.db import connection

BYTES_PER_MIB = 2**20
READER_MODULE = b"dashboard.workbook.reader_server"
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Memory:
    """The memory of the largest process of a group, in MiB.

    `resident` includes the pages of mapped files, such as those of an SQLite database, which the
    system takes back when it needs them; `own` does not.
    """

    resident: float = 0.0
    own: float = 0.0
    process_count: int = 0


@dataclass(frozen=True)
class Sample:
    """The state of a soak at one moment; sizes are in MiB."""

    minutes: float
    memory: dict[str, Memory]
    database: float
    archive: float
    load: float

    @cached_property
    def figures(self) -> dict[str, float]:
        """The sizes and the numbers of processes by their label."""
        figures: dict[str, float] = {}
        for group, memory in self.memory.items():
            figures[f"{group}: resident"] = memory.resident
            figures[f"{group}: own"] = memory.own
            figures[f"{group}: processes"] = memory.process_count
        return {**figures, "database": self.database, "archive": self.archive}

    def __str__(self) -> str:
        memory = ", ".join(
            f"{group} {memory.resident:.0f}/{memory.own:.0f}"
            for group, memory in self.memory.items()
        )
        return (
            f"{self.minutes:.1f} min, load {self.load:.1f}: {memory}, "
            f"database {self.database:.0f}, archive {self.archive:.0f} MiB"
        )


class Sampler:
    """Take samples of the web server, the workers with their readers, and the sandbox."""

    def __init__(self, web_server: Process, workers: list[Process], sandbox: Process) -> None:
        self.web_server, self.workers, self.sandbox = web_server, workers, sandbox
        self.samples: list[Sample] = []

    def take_sample(self, minutes: float) -> Sample:
        worker_pids = [worker.pid for worker in self.workers]
        below_workers = [pid for worker in worker_pids for pid in list_descendants(worker)]
        memory = {
            "web server": measure_memory(list_descendants(self.web_server.pid)),
            "worker": measure_memory(worker_pids),
            "reader": measure_memory(filter(is_reader, below_workers)),
            "sandbox": measure_memory([self.sandbox.pid]),
        }
        sample = Sample(minutes, memory, measure_database(), measure_archive(), os.getloadavg()[0])
        self.samples.append(sample)
        return sample

    def find_sample(self, minutes: float) -> Sample:
        """Return the sample that was taken nearest to this minute."""
        return min(self.samples, key=lambda sample: abs(sample.minutes - minutes))

    def compute_slope(self, figure: str) -> float:
        """Return the growth of a figure in the second half of the soak, in MiB an hour."""
        half = self.samples[-1].minutes / 2
        last_half = [sample for sample in self.samples if sample.minutes >= half]
        if len(last_half) < 2:
            return 0.0
        values = [sample.figures[figure] for sample in last_half]
        return 60 * linear_regression([sample.minutes for sample in last_half], values).slope


def list_descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have started."""
    try:
        text = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:  # the process has just ended
        return []
    children = [int(child) for child in text.split()]
    return [*children, *(other for child in children for other in list_descendants(child))]


def is_reader(pid: int) -> bool:
    try:
        return READER_MODULE in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def measure_memory(pids: Iterable[int]) -> Memory:
    """Return the memory of the largest of these processes."""
    sizes = [size for pid in pids if (size := read_memory(pid))]
    if not sizes:
        return Memory()
    resident, own = max(sizes)
    return Memory(resident, own, len(sizes))


def read_memory(pid: int) -> tuple[float, float] | None:
    """Return the resident and the own memory (MiB) of a process; None if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    values = dict(line.split(":", 1) for line in lines)
    if "VmRSS" not in values:  # a process that ends has no memory any more
        return None
    resident, own = (int(values[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    return resident, own


def measure_database() -> float:
    """Return the size (MiB) of the database, with SQLite's write-ahead log."""
    if connection.vendor == "sqlite":
        path = Path(settings.DATABASES["default"]["NAME"])
        files = [path, path.with_name(f"{path.name}-wal")]
        return sum(file.stat().st_size for file in files if file.exists()) / BYTES_PER_MIB
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return float(cursor.fetchone()[0]) / BYTES_PER_MIB


def measure_archive() -> float:
    """Return the size (MiB) of all files in the archive."""
    total = 0
    for folder, _folders, names in os.walk(settings.MEDIA_ROOT):
        for name in names:
            try:
                total += (Path(folder) / name).stat().st_size
            except FileNotFoundError:  # an incomplete file that has just got its name
                continue
    return total / BYTES_PER_MIB
