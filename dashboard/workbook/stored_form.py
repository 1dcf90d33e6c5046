"""Write and read the stored form of a report file: a zip of JSON entries.

- `contents.json`: facts about the file, its sheets and its rules (see Contents)
- `sheets/<sheet>/<chunk>.json`: a chunk, which is CHUNK_ROWS rows of a sheet
- `groups.json`: the values that many evaluations share (see EvaluationGroup)
- `evaluations/<bucket>.json`: evaluations sorted by key (see EvaluationRow)

A bucket is the list of the evaluations whose keys have the same top five bits; these bits are the
number of the bucket. Small buckets are joined: an entry holds the bucket in its name and all
following buckets up to the next entry.
Reading the same file twice gives the same bytes.
"""

import json
import math
import sys
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

if sys.version_info >= (3, 14):
    import zipfile

    from compression.zstd import ZstdError
else:
    from backports.zstd import ZstdError, zipfile

from .cells import Cell
from .contents import Contents, EvaluationGroup, EvaluationRow, load_contents

# What reading a damaged zip, or JSON of another shape, may raise.
DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    OSError,
    zlib.error,
    ZstdError,
)
FORM_VERSION = 4  # increase it when the form changes; files with an older form are then read again
_SLOW_MARK = b" "
CHUNK_ROWS = 500  # so a page that shows a part of a sheet needs one or two chunks
BUCKET_COUNT = 32
BUCKET_SHIFT = 58  # a key has 63 bits; the top five are the number of its bucket
SMALL_BUCKET_ROWS = 1_000  # buckets are joined while they have at most so many rows together


def encode_json(value: object) -> bytes:
    """Return JSON in UTF-8.

    orjson refuses half surrogate pairs and integers of more than 64 bits. For such values use the
    slower module json: half a surrogate pair becomes "?", and an integer keeps all its digits.
    Such JSON begins with a space, so that _decode_json uses the same module.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return _SLOW_MARK + text.encode("utf-8", "replace")


def _decode_json(data: bytes) -> Any:
    """Return the value of JSON that encode_json made; orjson would round long integers."""
    return json.loads(data) if data.startswith(_SLOW_MARK) else orjson.loads(data)


class StoredFileWriter:
    """Writes the stored form of a file to `path`."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w")

    def write_entry(self, name: str, data: bytes) -> None:
        """Write one entry of the zip, with a fixed date and system.

        So the same data always gives the same bytes.
        """
        info = zipfile.ZipInfo(name)  # its date is 1980
        info.compress_type = zipfile.ZIP_ZSTANDARD
        info.create_system = 3  # Unix
        self._zip.writestr(info, data, compresslevel=1)

    def write_rows(self, sheet: int, chunk: int, rows: list[list[Cell]]) -> bool:
        """Write one chunk of a sheet; return whether a text has NUL, which databases refuse."""
        data = encode_json(rows)
        self.write_entry(f"sheets/{sheet}/{chunk}.json", data)
        return b"\\u0000" in data

    def write_evaluations(self, buckets: Iterable[tuple[int, list[tuple[Any, ...]]]]) -> int:
        """Write the evaluations, given as (bucket number, rows sorted by key); return their number.

        Join small buckets to one entry, named by the first of them.
        """
        count = first_bucket = 0
        waiting_rows: list[tuple[Any, ...]] = []
        for bucket, rows in buckets:
            if waiting_rows and len(waiting_rows) + len(rows) > SMALL_BUCKET_ROWS:
                self.write_entry(_name_bucket_entry(first_bucket), encode_json(waiting_rows))
                waiting_rows = []
            if not waiting_rows:
                first_bucket = bucket
            waiting_rows += rows
            count += len(rows)
        if waiting_rows:
            self.write_entry(_name_bucket_entry(first_bucket), encode_json(waiting_rows))
        return count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()


class DamagedFormError(Exception):
    """A stored form that cannot be read: it must be read from the original again."""


class StoredForm:
    """An open stored form. All its methods raise DamagedFormError if it is damaged.

    `contents` is loaded at once; the methods load rows and evaluations only when they need them.
    """

    contents: Contents

    def __init__(self, file: IO[bytes] | Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            self.contents = load_contents(self._zip.read("contents.json"))
        except DAMAGE_ERRORS as error:
            raise DamagedFormError from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()

    def read_rows(self, sheet: int, start: int, stop: int) -> list[list[Cell]]:
        """Return the rows `start` to `stop` - 1 of a sheet, each filled up to the sheet's width.

        Rows outside the sheet are left out.
        """
        info = self.contents.sheets[sheet]
        start, stop = max(start, 0), min(stop, info.rows)
        rows: list[list[Cell]] = []
        for chunk in range(start // CHUNK_ROWS, math.ceil(stop / CHUNK_ROWS)):
            first_row = chunk * CHUNK_ROWS
            chunk_rows = self._load_entry(f"sheets/{sheet}/{chunk}.json")
            rows += chunk_rows[max(start - first_row, 0) : stop - first_row]
        return [row + [None] * (info.columns - len(row)) for row in rows]

    def read_buckets(self) -> Iterator[list[EvaluationRow]]:
        """Yield all evaluations in the order of their keys, one list for each entry of buckets."""
        for bucket in self._list_buckets():
            rows = self._load_entry(_name_bucket_entry(bucket))
            yield list(map(EvaluationRow._make, rows))

    def read_bucket_range(self, first: int, end: int) -> Iterator[EvaluationRow]:
        """Yield the evaluations of the buckets from `first` up to, not including, `end`."""
        entries = self._list_buckets()
        for entry, next_entry in zip(entries, [*entries[1:], BUCKET_COUNT], strict=True):
            if entry < end and next_entry > first:
                for row in self._load_entry(_name_bucket_entry(entry)):
                    if first <= row[0] >> BUCKET_SHIFT < end:
                        yield EvaluationRow._make(row)

    def find_evaluation(self, key: int) -> EvaluationRow | None:
        """Return the evaluation with this key, or None; load only the entry that can have it."""
        # The entry is the last one whose first bucket is not after the bucket of the key.
        buckets = [bucket for bucket in self._list_buckets() if bucket <= key >> BUCKET_SHIFT]
        rows = self._load_entry(_name_bucket_entry(buckets[-1])) if buckets else []
        return next((EvaluationRow._make(row) for row in rows if row[0] == key), None)

    @cached_property
    def groups(self) -> list[EvaluationGroup]:
        """The groups of the evaluations; EvaluationRow.group is an index of this list."""
        return list(map(EvaluationGroup._make, self._load_entry("groups.json")))

    @property
    def evaluation_bytes(self) -> int:
        """The size in bytes of the JSON of all evaluations."""
        return sum(
            self._zip.getinfo(_name_bucket_entry(bucket)).file_size
            for bucket in self._list_buckets()
        )

    def _list_buckets(self) -> list[int]:
        """Return the numbers of the buckets that have an entry, in ascending order."""
        names = set(self._zip.namelist())
        return [bucket for bucket in range(BUCKET_COUNT) if _name_bucket_entry(bucket) in names]

    def _load_entry(self, name: str) -> Any:
        try:
            return _decode_json(self._zip.read(name))
        except DAMAGE_ERRORS as error:
            raise DamagedFormError from error


def _name_bucket_entry(bucket: int) -> str:
    return f"evaluations/{bucket}.json"
