"""The parts of a list of evaluation results, on the storage while the list is being fetched.

A part is a file of gzip with lines of JSON; a line is an answer of the cloud exactly as it came,
with spaces for the line breaks between its values. The parts of a list, one after another, are one
file of gzip again: the list as it goes into the archive.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.core.files.storage import default_storage

from dashboard.archive.disk import sync_folders, sync_path
from dashboard.archive.location import get_archive_folder
from dashboard.archive.originals import CHUNK_BYTES, save_under_name

PARTS_FOLDER = "incoming-results"
COMPRESSION_LEVEL = 4  # 6 would take 60 % longer for 7 % less room
LIST_NAME = b'"EvaluationResultList"'
LINE_BREAKS = bytes.maketrans(b"\r\n", b"  ")


class PartWriter:
    """Write answers into a part, a local file that is not in the storage yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb")
        # Without name and time: equal answers give equal bytes.
        self._gzip = gzip.GzipFile("", "wb", COMPRESSION_LEVEL, self._file, mtime=0)

    @property
    def size(self) -> int:
        """The number of bytes written so far; the last answers may not be among them."""
        return self._file.tell()

    def add_answer(self, body: bytes) -> None:
        """Add an answer as a line. Strict JSON has line breaks between its values only."""
        self._gzip.write(body.translate(LINE_BREAKS) + b"\n")

    def close(self) -> None:
        """Complete the file; do nothing if it was completed before."""
        if not self._file.closed:
            with self._file:
                self._gzip.close()


def get_part_name(report_id: int, number: int) -> str:
    """Return the name of a part in the storage; the first has the number 1."""
    return f"{PARTS_FOLDER}/{report_id}/{number}"


def save_part(path: Path, report_id: int, number: int) -> None:
    """Move a complete part into the storage; return after it is on the disk.

    A part of this number that a worker left behind before it died is replaced.
    """
    name = get_part_name(report_id, number)
    sync_path(path)
    default_storage.delete(name)
    save_under_name(path, name)
    with suppress(NotImplementedError):  # a remote storage
        sync_folders(Path(default_storage.path(name)), get_archive_folder())


def measure_parts(report_id: int, count: int) -> int:
    """Return the bytes of the first `count` parts. Raise FileNotFoundError if one is missing."""
    return sum(
        default_storage.size(get_part_name(report_id, number)) for number in range(1, count + 1)
    )


def join_result_parts(report_id: int, count: int, last_part: Path, target: Path) -> str:
    """Write the first `count` parts and then `last_part` into `target`; return its SHA-256.

    Raise FileNotFoundError if a part is missing.
    """
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in read_result_parts(report_id, count, last_part):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def read_result_parts(report_id: int, count: int, last_part: Path) -> Iterator[bytes]:
    """Yield the bytes of the first `count` parts and of `last_part`, in chunks."""
    for number in range(1, count + 1):
        with default_storage.open(get_part_name(report_id, number)) as part:
            yield from part.chunks(CHUNK_BYTES)
    with last_part.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def delete_parts(report_id: int) -> None:
    """Delete all parts of a report's list."""
    folder = f"{PARTS_FOLDER}/{report_id}"
    with suppress(FileNotFoundError):
        for name in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{name}")
    with suppress(OSError):  # a worker that does not know yet that it is late has added a part
        default_storage.delete(folder)


def is_result_list(name: str) -> bool:
    """Return whether a file of the storage begins as a list of evaluation results does."""
    try:
        with default_storage.open(name) as file, gzip.open(file) as answers:
            return LIST_NAME in answers.read(CHUNK_BYTES)
    except (OSError, EOFError, zlib.error):  # OSError: also where it is no gzip
        return False


def list_reports_with_parts() -> list[int]:
    """Return the ids of the reports that have parts."""
    try:
        folders, _files = default_storage.listdir(PARTS_FOLDER)
    except FileNotFoundError:
        return []
    return [int(folder) for folder in folders if folder.isdecimal()]
