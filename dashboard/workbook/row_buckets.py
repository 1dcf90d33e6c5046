"""Hold rows in buckets until all of them are known, on the disk if they are many."""

import marshal
import zlib
from pathlib import Path
from typing import IO

from .evaluation_groups import RowTuple
from .stored_form import BUCKET_COUNT, BUCKET_SHIFT


class RowBuckets:
    """Rows by bucket: the top five bits of a row's key, its first field.

    Above `max_rows_in_memory`, all rows are moved, compressed, into a file in `folder`. A row is a
    plain tuple of numbers, texts and such tuples.
    """

    def __init__(self, folder: Path, max_rows_in_memory: int, name: str = "waiting-rows") -> None:
        self._path = folder / name
        self._file: IO[bytes] | None = None
        self._max_rows_in_memory = max_rows_in_memory
        self._row_count = 0
        self._buckets: list[list[RowTuple]] = [[] for _ in range(BUCKET_COUNT)]
        # Of each part of a bucket in the file, its first byte and its size.
        self._parts: list[list[tuple[int, int]]] = [[] for _ in range(BUCKET_COUNT)]

    def add(self, row: RowTuple) -> None:
        self._buckets[row[0] >> BUCKET_SHIFT].append(row)

    def spill_if_full(self, added_count: int) -> None:
        """Count added rows; if more than the limit are in memory, write all of them to the file."""
        self._row_count += added_count
        if self._row_count > self._max_rows_in_memory:
            self._move_all_rows()

    def _move_all_rows(self) -> None:
        file = self._file = self._file or self._path.open("w+b")
        for parts, rows in zip(self._parts, self._buckets, strict=True):
            data = zlib.compress(marshal.dumps(rows), 1)
            parts.append((file.tell(), len(data)))
            file.write(data)
            rows.clear()
        self._row_count = 0

    def take(self, bucket: int) -> list[RowTuple]:
        """Return the rows of a bucket in the order in which they were added, and free it.

        If rows of it may be in the file, move the others there first: so their memory is free.
        """
        if self._file and self._row_count:
            self._move_all_rows()
        rows = self.read(bucket)
        self._buckets[bucket] = []
        return rows

    def read(self, bucket: int) -> list[RowTuple]:
        """Return the rows of a bucket in the order in which they were added."""
        rows: list[RowTuple] = []
        for start, size in self._parts[bucket]:
            assert self._file  # noqa: S101  # a part is in the file
            self._file.seek(start)
            data = zlib.decompress(self._file.read(size))
            rows += marshal.loads(data)  # noqa: S302  written above
        return rows + self._buckets[bucket]

    def close(self) -> None:
        """Delete the file."""
        if self._file:
            self._file.close()
            self._path.unlink()
            self._file = None
