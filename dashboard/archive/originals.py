"""Store and open originals: the files of reports, exactly as they were received.

An original is stored in Django's default storage and never changed. Its name contains its SHA-256.
A file is written under a temporary name and renamed when it is complete, so a killed process never
leaves an incomplete original.
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
    """A complete local file. Django's FileSystemStorage moves it by renaming instead of copying."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self.path = path

    def temporary_file_path(self) -> str:
        """Return the path; FileSystemStorage renames a file that has this method."""
        return str(self.path)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder on the archive's disk for incomplete files; delete it when the block ends."""
    parent = Path(settings.MEDIA_ROOT) / "incoming"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def save_under_name(path: Path, name: str) -> None:
    """Move a complete local file into the storage. Do nothing if a file of this name is there."""
    if default_storage.exists(name):
        return
    with MovableFile(path) as file:
        default_storage.save(name, file)


def store_local_file(path: Path, sha256: str) -> Original:
    """Move a complete local file into the archive and create its Original row.

    `sha256` is the hash of the file. Return the Original.
    """
    original = Original(sha256=sha256, size=path.stat().st_size)
    save_under_name(path, original.path)
    create_original_rows([original])
    return original


def store_stream(file: IO[bytes]) -> Original:
    """Copy a stream into the archive and return an unsaved Original for it.

    The caller saves it with create_original_rows.
    """
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
    """Save the originals that are not in the database yet."""
    originals_by_hash = {original.sha256: original for original in originals}
    # Insert in the order of the hashes, so that two transactions cannot deadlock.
    Original.objects.bulk_create(
        [originals_by_hash[sha256] for sha256 in sorted(originals_by_hash)], ignore_conflicts=True
    )


def open_original(original: Original) -> File:  # type: ignore[type-arg]
    """Open the original for reading. Raises FileNotFoundError if it is not in the storage."""
    return default_storage.open(original.path)


def original_exists(original: Original) -> bool:
    """Return whether the file is in the storage."""
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
    """Yield a local path of the original.

    If the storage is remote, the file is downloaded first and deleted when the block ends.
    """
    try:
        yield Path(default_storage.path(original.path))
    except NotImplementedError:  # a remote storage has no local paths
        with temporary_folder() as folder, open_original(original) as file:
            path = folder / "original"
            with path.open("wb") as target:
                target.writelines(file.chunks())
            yield path
