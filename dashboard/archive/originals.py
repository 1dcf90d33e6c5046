"""The archive: originals under their SHA-256 and, beside them, what was read from them; written once, never changed.

Both lie in Django's default storage. A file is whole before it has its name, so that a process killed at any moment
leaves either all of it or nothing.
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


class MovableFile(File):  # type: ignore[type-arg]
    """A finished local file that the storage may take by renaming it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self.path = path

    def temporary_file_path(self) -> str:
        return str(self.path)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder beside the archive for files that are still arriving; gone afterwards."""
    parent = Path(settings.MEDIA_ROOT) / "incoming"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def save_under_name(path: Path, name: str) -> None:
    """Gives a finished local file its name in the storage, unless something bears that name already."""
    if default_storage.exists(name):
        return
    with MovableFile(path) as file:
        default_storage.save(name, file)


def store_file(path: Path, sha256: str) -> Original:
    """Takes a finished local file whose hash is known into the archive. Equal bytes are kept once."""
    original = Original(sha256=sha256, size=path.stat().st_size)
    save_under_name(path, original.path)
    create_original_rows([original])
    return original


def store_stream(file: IO[bytes]) -> Original:
    """Takes a stream into the archive, hashing while it arrives; its row is still to be made (see `record`)."""
    digest = hashlib.sha256()
    with temporary_folder() as folder:
        path = folder / "original"
        with path.open("wb") as target:
            while chunk := file.read(2**20):
                digest.update(chunk)
                target.write(chunk)
        original = Original(sha256=digest.hexdigest(), size=path.stat().st_size)
        save_under_name(path, original.path)
    return original


def create_original_rows(originals: Iterable[Original]) -> None:
    """Makes the rows of originals, where there are none yet; in one order, lest two who do so wait for each other."""
    by_hash = {original.sha256: original for original in originals}
    Original.objects.bulk_create(
        [by_hash[sha256] for sha256 in sorted(by_hash)], ignore_conflicts=True
    )


def open_original(original: Original) -> File:  # type: ignore[type-arg]
    """The original's bytes. Raises FileNotFoundError when the storage has lost them."""
    return default_storage.open(original.path)


def original_exists(original: Original) -> bool:
    return default_storage.exists(original.path)


def matches_hash(original: Original) -> bool:
    """Whether the stored bytes still have their hash."""
    try:
        with open_original(original) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == original.sha256
    except FileNotFoundError:
        return False


@contextmanager
def open_local_copy(original: Original | None) -> Iterator[Path]:
    """The original as a local file, copied only where the storage is not the local disk."""
    assert original is not None  # noqa: S101  # as above
    try:
        yield Path(default_storage.path(original.path))
    except NotImplementedError:
        with temporary_folder() as folder, open_original(original) as file:
            path = folder / "original"
            with path.open("wb") as target:
                target.writelines(file.chunks())
            yield path
