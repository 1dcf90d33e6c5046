"""Measure all groups, or the named ones, and print each figure with its limit.

The measurements run on SQLite, or in a new PostgreSQL database if DATABASE_URL names a server.
"""

import argparse
import importlib
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.new_installation import create_bench_installation

GROUP_MODULES = {
    "growth": "growth",
    "reading": "reading",
    "pages": "pages",
    "comparison": "comparison",
    "history": "history",
    "exports": "exports",
    "imports": "imports",
    "rush": "simultaneous_reports",
    "results": "evaluation_results",
    "company": "company",
}
# These begin with an empty database, so each is measured by a process of its own.
SEPARATE_GROUPS = ("company", "results")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "name",
        nargs="*",
        choices=[*GROUP_MODULES, []],
        help="what to measure; everything if left out",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller sizes, for work on the measurements themselves",
    )
    options = parser.parse_args()
    names = options.name or list(GROUP_MODULES)
    if len(names) > 1:
        for name in set(names).intersection(SEPARATE_GROUPS):
            names.remove(name)
            quick = ["--quick"] if options.quick else []
            subprocess.run([sys.executable, "-m", "tests.bench", name, *quick], check=True)
    with create_bench_installation("tests.bench.settings") as folder:
        measure_groups(names, folder, options.quick)


def measure_groups(names: list[str], folder: Path, quick: bool) -> None:
    import django

    django.setup()
    from tests.bench.bench_site import BenchSite
    from tests.bench.measurements import TABLE_HEAD, Measurement

    print_line(TABLE_HEAD)
    started_at = time.monotonic()
    measurements: list[Measurement] = []
    site = BenchSite(folder, quick)
    try:
        for name in names:
            group = importlib.import_module(f"tests.bench.{GROUP_MODULES[name]}")
            for measurement in group.measure(site):
                measurements.append(measurement)
                print_line(str(measurement))
    finally:
        site.close()
    short = sum(not measurement.is_within_limit for measurement in measurements)
    seconds = time.monotonic() - started_at
    print_line(f"{len(measurements)} figures, {short} short, in {seconds:.0f} s.")


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
