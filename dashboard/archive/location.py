"""The folder of the archive: where it is, and that it is the one that was used before.

A disk that is not mounted looks like an empty folder. So the archive has a marker file; where the
marker is missing although originals were stored, nothing is read or written.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from dashboard.archive.disk import sync_folders
from dashboard.models import Original

MARKER_NAME = "this-is-the-archive"
MARKER_TEXT = "The originals of Compliance Ledger. Keep this file: it tells the archive from a\n"
MARKER_TEXT += "folder whose disk is not mounted.\n"
# Longer than any file is read or downloaded; older folders were left behind by killed processes.
ABANDONED_AFTER = dt.timedelta(hours=2)


class ArchiveMissingError(OSError):
    """The folder of the archive is not the one in which originals were stored."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The archive is not in {folder}: is its disk mounted?")
        self.folder = folder


def get_archive_folder() -> Path:
    return Path(settings.MEDIA_ROOT)


def require_archive() -> None:
    """Raise ArchiveMissingError if originals were stored, but not in this folder.

    Create the folder if no original was ever stored.
    """
    folder = get_archive_folder()
    marker = folder / MARKER_NAME
    if marker.exists():
        return
    if Original.objects.exists() and not _has_an_original():
        raise ArchiveMissingError(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # a file has its name, or a link to nowhere
        raise ArchiveMissingError(folder) from None
    write_marker(folder)


def write_marker(folder: Path) -> None:
    """Write the file that tells the archive from a folder whose disk is not mounted."""
    marker = folder / MARKER_NAME
    marker.write_text(MARKER_TEXT)
    sync_folders(marker, folder)


def _has_an_original() -> bool:
    """Return whether one of the first and last originals is in the storage."""
    originals = Original.objects.order_by("stored_at")
    candidates = [*originals[:5], *originals.reverse()[:5]]
    return any(default_storage.exists(original.path) for original in candidates)


def get_incoming_folder() -> Path:
    """Return the folder of incomplete files, on the archive's disk."""
    return get_archive_folder() / "incoming"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder on the archive's disk for incomplete files; delete it when the block ends.

    Raises ArchiveMissingError.
    """
    require_archive()
    parent = get_incoming_folder()
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def remove_abandoned_folders() -> None:
    """Remove the folders that killed processes have left among the incomplete files."""
    oldest = (timezone.now() - ABANDONED_AFTER).timestamp()
    for folder in get_incoming_folder().glob("*"):
        with suppress(FileNotFoundError):  # its process ended meanwhile
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
