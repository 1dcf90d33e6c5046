"""Reading a file within the test's own process: the same code as the child's, without the time a process takes."""

from pathlib import Path
from typing import Any

from dashboard.workbook import Evaluated, Limits, Reading
from dashboard.workbook.book import convert


def read(
    content: bytes, folder: Path, *, account: str = "", limits: Limits | None = None
) -> Reading:
    """The stored form of a file's bytes."""
    source, target, room = folder / "source", folder / "stored", folder / "room"
    source.write_bytes(content)
    room.mkdir(exist_ok=True)
    convert(source, target, room, account, limits or Limits())
    return Reading(target)


def rows(reading: Reading) -> list[Evaluated]:
    return [row for bucket in reading.buckets() for row in bucket]


def evaluations(reading: Reading) -> list[Any]:
    """The rows, each with its group in the place of the group's number."""
    return [row._replace(group=reading.groups[row.group]) for row in rows(reading)]  # type: ignore[arg-type]


def states(reading: Reading) -> set[tuple[int, int, int, int]]:
    """What of a report must not change with its order, its language or its kind."""
    return {(row.key, row.digest, row.group.status, row.group.risk) for row in evaluations(reading)}


def cells(reading: Reading, sheet: int = 0) -> list[list[Any]]:
    return reading.rows(sheet, 0, reading.contents.sheets[sheet].rows)
