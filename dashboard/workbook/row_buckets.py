"""Hold the evaluations of a file in buckets until all of them are known, compressed if many."""

import marshal
import zlib

from .evaluation_groups import RowTuple
from .stored_form import BUCKET_COUNT, BUCKET_SHIFT


class RowBuckets:
    """Rows by bucket: the top five bits of a row's key, its first field.

    Above `waiting_limit` rows, those in memory are compressed.
    """

    def __init__(self, waiting_limit: int) -> None:
        self._waiting_limit = waiting_limit
        self._waiting_rows = 0
        self._buckets: list[list[RowTuple]] = [[] for _ in range(BUCKET_COUNT)]
        self._compressed: list[list[bytes]] = [[] for _ in range(BUCKET_COUNT)]

    def add(self, row: RowTuple) -> None:
        self._buckets[row[0] >> BUCKET_SHIFT].append(row)

    def compress_waiting_rows(self, added: int) -> None:
        """Count `added` new rows, and compress all rows if there are too many."""
        self._waiting_rows += added
        if self._waiting_rows > self._waiting_limit:
            for compressed, rows in zip(self._compressed, self._buckets, strict=True):
                compressed.append(zlib.compress(marshal.dumps(rows), 1))
                rows.clear()
            self._waiting_rows = 0

    def take(self, bucket: int) -> list[RowTuple]:
        """Return the rows of a bucket in the order in which they were added, and free it."""
        rows: list[RowTuple] = []
        for compressed in self._compressed[bucket]:
            rows += marshal.loads(zlib.decompress(compressed))  # noqa: S302  written above
        self._compressed[bucket].clear()
        rows += self._buckets[bucket]
        self._buckets[bucket] = []
        return rows
