"""The original files of reports.

An original is stored under its SHA-256 in Django's default storage and never changed. A file gets
its name only when it is complete, so a process that is killed leaves the whole file or nothing.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from dashboard.models import Original

CHUNK_BYTES = 2**20


class MovableFile(File):  # type: ignore[type-arg]
    """A complete local file. A storage on the local disk takes it by renaming, without a copy."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self.path = path

    def temporary_file_path(self) -> str:
        return str(self.path)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder on the archive's disk for incomplete files, and delete it at the end."""
    parent = Path(settings.MEDIA_ROOT) / "incoming"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def save_under_name(path: Path, name: str) -> None:
    """Move a complete local file into the storage, unless the storage has the name already."""
    if default_storage.exists(name):
        return
    with MovableFile(path) as file:
        default_storage.save(name, file)


def store_local_file(path: Path, sha256: str) -> Original:
    """Move a complete local file, whose hash is known, into the archive, and create its row."""
    original = Original(sha256=sha256, size=path.stat().st_size)
    save_under_name(path, original.path)
    create_original_rows([original])
    return original


def store_stream(file: IO[bytes]) -> Original:
    """Copy a stream into the archive. The caller creates the row (see create_original_rows)."""
    digest = hashlib.sha256()
    with temporary_folder() as folder:
        path = folder / "original"
        with path.open("wb") as target:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
        original = Original(sha256=digest.hexdigest(), size=path.stat().st_size)
        save_under_name(path, original.path)
    return original


def create_original_rows(originals: Iterable[Original]) -> None:
    """Create the rows of originals that have none yet."""
    originals_by_hash = {original.sha256: original for original in originals}
    # In the order of the hashes, so that two transactions cannot wait for each other.
    Original.objects.bulk_create(
        [originals_by_hash[sha256] for sha256 in sorted(originals_by_hash)], ignore_conflicts=True
    )


def open_original(original: Original) -> File:  # type: ignore[type-arg]
    """Open the file for reading. Raises FileNotFoundError if the storage does not have it."""
    return default_storage.open(original.path)


def original_exists(original: Original) -> bool:
    return default_storage.exists(original.path)


def matches_hash(original: Original) -> bool:
    """Return whether the stored file exists and still has its hash."""
    try:
        with open_original(original) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == original.sha256
    except FileNotFoundError:
        return False


@contextmanager
def open_local_copy(original: Original) -> Iterator[Path]:
    """Yield the path of the original on the local disk; it is copied if the storage is remote."""
    try:
        yield Path(default_storage.path(original.path))
    except NotImplementedError:
        with temporary_folder() as folder, open_original(original) as file:
            path = folder / "original"
            with path.open("wb") as target:
                target.writelines(file.chunks())
            yield path
