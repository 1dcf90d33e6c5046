"""Store and open originals: the files of reports, exactly as they were received.

An original is stored in Django's default storage and never changed. Its name contains its SHA-256.
A file is written under a temporary name and renamed when it is complete and on the disk, so neither
a killed process nor a power cut leaves an incomplete original.
An original is never sent or read without its hash: a file that does not match is a damage.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from dashboard.archive.disk import sync_folders, sync_path
from dashboard.archive.location import get_archive_folder, require_archive, temporary_folder
from dashboard.models import Original

CHUNK_BYTES = 2**20
Damage = Original.Damage
logger = logging.getLogger(__name__)


class DamagedOriginalError(Exception):
    """An original is missing in the storage, or does not match its hash.

    `code` is original_missing or original_changed, the key of its explanation.
    """

    def __init__(self, original: Original, damage: Damage) -> None:
        super().__init__(f"original {original.sha256} is {damage.value}")
        self.original = original
        self.code = f"original_{damage.value}"


class MovableFile(File):  # type: ignore[type-arg]
    """A complete local file. Django's FileSystemStorage moves it by renaming instead of copying."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self.path = path

    def temporary_file_path(self) -> str:
        """Return the path; FileSystemStorage renames a file that has this method."""
        return str(self.path)


def save_under_name(path: Path, name: str) -> None:
    """Move a complete local file into the storage. Do nothing if a file of this name is there."""
    if default_storage.exists(name):
        return
    with MovableFile(path) as file:
        default_storage.save(name, file)


def save_original(path: Path, original: Original) -> None:
    """Move a complete local file into the archive; return after it is on the disk.

    If the file is there already, keep it; if that one is damaged, replace it.
    """
    if default_storage.exists(original.path):
        if not find_damage(original):
            sync_names(original)  # its process may have been killed before it did so
            clear_stored_damage(original)
            return
        logger.warning("Original %s was damaged; the same file heals it.", original.sha256)
        default_storage.delete(original.path)
    sync_path(path)
    save_under_name(path, original.path)
    sync_names(original)
    clear_stored_damage(original)


def sync_names(original: Original) -> None:
    """Return after the names of a stored file and of its folders are on the disk."""
    if stored_path := find_local_path(original):
        sync_folders(stored_path, get_archive_folder())


def clear_stored_damage(original: Original) -> None:
    """Save that a file which was damaged is what was stored again; do nothing for other files."""
    damaged_rows = Original.objects.filter(pk=original.pk).exclude(damage="")
    if damaged_rows.exists():  # most often not: a query needs no lock, an update does
        damaged_rows.update(damage="", verified_at=timezone.now())


def store_local_file(path: Path, sha256: str) -> Original:
    """Move a complete local file into the archive and create its Original row.

    `sha256` is the hash of the file. Return the Original.
    """
    original = Original(sha256=sha256, size=path.stat().st_size)
    save_original(path, original)
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
        save_original(path, original)
    return original


def create_original_rows(originals: Iterable[Original]) -> None:
    """Save the originals that are not in the database yet."""
    originals_by_hash = {original.sha256: original for original in originals}
    # Insert in the order of the hashes, so that two transactions cannot deadlock.
    Original.objects.bulk_create(
        [originals_by_hash[sha256] for sha256 in sorted(originals_by_hash)], ignore_conflicts=True
    )


def find_damage(original: Original) -> Damage | None:
    """Hash the stored file; return None if it is what was stored.

    Raises ArchiveMissingError if the whole archive is missing.
    """
    try:
        with default_storage.open(original.path) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        require_archive()
        return Damage.MISSING
    return None if sha256 == original.sha256 else Damage.CHANGED


def verify_original(original: Original) -> Damage | None:
    """Hash the stored file, and save when that was and what was found. Return its damage."""
    damage = find_damage(original)
    original.damage, original.verified_at = damage or "", timezone.now()
    Original.objects.filter(pk=original.pk).update(
        damage=original.damage, verified_at=original.verified_at
    )
    return damage


def open_verified_original(original: Original) -> File:  # type: ignore[type-arg]
    """Verify an original and open it for reading. Raises DamagedOriginalError."""
    if damage := verify_original(original):
        raise DamagedOriginalError(original, damage)
    return default_storage.open(original.path)


def find_local_path(original: Original) -> Path | None:
    """Return the path of an original; None if the storage is remote."""
    try:
        return Path(default_storage.path(original.path))
    except NotImplementedError:
        return None


@contextmanager
def open_local_copy(original: Original) -> Iterator[Path]:
    """Yield a local path of the original, which is what was stored.

    If the storage is remote, the file is downloaded first and deleted when the block ends. Raises
    DamagedOriginalError.
    """
    if damage := find_damage(original):
        raise DamagedOriginalError(original, damage)
    if path := find_local_path(original):
        yield path
        return
    with temporary_folder() as folder, default_storage.open(original.path) as file:
        path = folder / "original"
        with path.open("wb") as target:
            target.writelines(file.chunks())
        yield path
