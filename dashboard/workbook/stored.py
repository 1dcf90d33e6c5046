"""The stored form of a file: a zip of its contents, its sheets in chunks of rows, and its evaluations in buckets.

`contents.json`, `sheets/<sheet>/<chunk>.json` (CHUNK rows each), `groups.json`, and `evaluations/<bucket>.json`: rows
with the number of their group, in the order of their keys, whose top five bits are the bucket's number or, where
buckets are small, lie between it and the next one's. The same file gives the same bytes.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

if sys.version_info >= (3, 14):
    import zipfile
else:
    from backports.zstd import zipfile

from .cells import Cell
from .contents import Contents, Evaluated, Group, load

FORM = 2  # raised when any of this changes: a file is read again where only another form of it is there
CHUNK = 500  # rows: a page of a sheet opens one or two chunks
BUCKETS = 32
SMALL = 1_000  # rows: smaller buckets are put together
SHIFT = 58  # a key has 63 bits; the top five choose its bucket


def encode(value: object) -> bytes:
    """JSON in UTF-8; what neither takes (half a surrogate pair, a number of more than 64 bits) as near as it comes."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


class Writer:
    """Writes the stored form."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w")

    def put(self, name: str, data: bytes) -> None:
        """Add one entry."""
        info = zipfile.ZipInfo(name)  # of 1980: the same file gives the same bytes
        info.compress_type = zipfile.ZIP_ZSTANDARD
        info.create_system = 3
        self._zip.writestr(info, data, compresslevel=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Finish the file."""
        self._zip.close()


class Reading:
    """A stored form, opened to be read: contents at once, rows and evaluations where they are asked for."""

    contents: Contents

    def __init__(self, file: IO[bytes] | Path) -> None:
        self._zip = zipfile.ZipFile(file)
        self.contents = load(self._zip.read("contents.json"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def rows(self, sheet: int, start: int, stop: int) -> list[list[Cell]]:
        """Rows `start` to `stop` (from 0, the last not counted) of a sheet, each as wide as the sheet."""
        info = self.contents.sheets[sheet]
        start, stop = max(start, 0), min(stop, info.rows)
        rows: list[list[Cell]] = []
        for chunk in range(start // CHUNK, -(-stop // CHUNK)):
            rows += self._json(f"sheets/{sheet}/{chunk}.json")[
                max(start - chunk * CHUNK, 0) : stop - chunk * CHUNK
            ]
        return [row + [None] * (info.columns - len(row)) for row in rows]

    def buckets(self) -> Iterator[list[Evaluated]]:
        """The evaluations in ascending, disjoint ranges of key, each sorted by key; never an empty one."""
        for bucket in self._present():
            yield _evaluated(self._json(_bucket(bucket)))

    def find(self, key: int) -> Evaluated | None:
        """The evaluation with this key; opens its bucket only."""
        before = [bucket for bucket in self._present() if bucket <= key >> SHIFT]
        rows = self._json(_bucket(before[-1])) if before else []
        return next(iter(_evaluated([row for row in rows if row[0] == key])), None)

    @cached_property
    def groups(self) -> list[Group]:
        """What the evaluations have in common, by the number of the group."""
        return list(map(Group._make, self._json("groups.json")))

    @property
    def weight(self) -> int:
        """Bytes of all evaluations, unpacked."""
        return sum(self._zip.getinfo(_bucket(bucket)).file_size for bucket in self._present())

    def _present(self) -> list[int]:
        names = set(self._zip.namelist())
        return [bucket for bucket in range(BUCKETS) if _bucket(bucket) in names]

    def _json(self, name: str) -> Any:
        return orjson.loads(self._zip.read(name))


def _evaluated(rows: list[list[Any]]) -> list[Evaluated]:
    # As _make does it, but for its look at the number of columns: there are many rows, and they are our own.
    return list(map(tuple.__new__, repeat(Evaluated), rows))


def put_rows(writer: Writer, sheet: int, chunk: int, rows: list[list[Cell]]) -> bool:
    """Store one chunk of a sheet; whether a NUL stands in it, which no database takes as text."""
    written = encode(rows)
    writer.put(f"sheets/{sheet}/{chunk}.json", written)
    return b"\\u0000" in written


def put_evaluations(writer: Writer, buckets: Iterable[tuple[int, list[tuple[Any, ...]]]]) -> int:
    """Store the evaluations, given by bucket and sorted by key; how many they are."""
    count, first, waiting = 0, 0, list[tuple[Any, ...]]()
    for bucket, rows in buckets:
        if len(waiting) + len(rows) > SMALL and waiting:
            writer.put(_bucket(first), encode(waiting))
            waiting = []
        first = first if waiting else bucket
        waiting += rows
        count += len(rows)
    if waiting:
        writer.put(_bucket(first), encode(waiting))
    return count


def _bucket(number: int) -> str:
    return f"evaluations/{number}.json"
