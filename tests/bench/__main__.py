"""`make bench`: measures everything, or what is named, and prints each figure beside what it must reach.

On SQLite, or in a PostgreSQL database of its own where DATABASE_URL names a server.
"""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

GROUPS = ("growth", "reading", "pages", "comparison", "history", "exports", "imports", "rush")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "name", nargs="*", choices=[*GROUPS, []], help="what to measure; everything if left out"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller sizes, for work on the measurements themselves",
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ledger-bench-"))
    os.environ.update(
        VAR_DIR=str(folder / "var"),
        DJANGO_SETTINGS_MODULE="tests.bench.settings",
        LOG_LEVEL="WARNING",
    )
    for name in ("QUEUE_URL", "ARCHIVE_DIR"):
        os.environ.pop(name, None)
    try:
        with database(os.environ.pop("DATABASE_URL", "")):
            run(options.name or GROUPS, folder, options.quick)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str) -> Iterator[None]:
    """A new database on a PostgreSQL server, named to the settings and dropped afterwards; SQLite without a server."""
    if not server.startswith("postgres"):
        yield
        return
    name = f"ledger_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        os.environ["DATABASE_URL"] = urlsplit(server)._replace(path=f"/{name}").geturl()
        try:
            yield
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(names: list[str] | tuple[str, ...], folder: Path, quick: bool) -> None:
    import django

    django.setup()
    from tests.bench.figures import HEAD, Figure
    from tests.bench.place import Place

    say(HEAD)
    begun = time.monotonic()
    figures: list[Figure] = []
    place = Place(folder, quick)
    try:
        for name in names:
            for figure in importlib.import_module(f"tests.bench.{name}").measure(place):
                figures.append(figure)
                say(str(figure))
    finally:
        place.close()
    short = sum(not figure.ok for figure in figures)
    say(f"{len(figures)} figures, {short} short, in {time.monotonic() - begun:.0f} s.")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
