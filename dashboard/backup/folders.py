"""A backup: a folder with a copy of the database, the originals, the keys and a manifest.

A backup may be written into the same folder again: only originals that are new, or whose copy is
damaged, are copied, and the earlier backup can be restored until the new one is complete. The
database is copied first: an original is stored before its row, so every row of the copy has its
file. An original that is damaged or missing in the archive does not stop the backup; the manifest
names it.
"""

import errno
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from dashboard.archive import location
from dashboard.archive.disk import sync_folders, sync_path
from dashboard.archive.originals import find_damage
from dashboard.backup import databases
from dashboard.backup.databases import BackupError, create_private_file
from dashboard.models import Original

MANIFEST_NAME = "manifest.json"
KEYS_NAME = "keys.json"
DUMP_NAME = re.compile(r"database-\d{8}T\d{12}\.(sqlite3|dump)")
MAX_LISTED_ORIGINALS = 20  # by the commands; the manifest lists all
# Of one file in the archive; any other error stops the backup.
UNREADABLE_ERRORS = {errno.EIO, errno.EACCES, errno.EISDIR}
logger = logging.getLogger(__name__)


@dataclass
class Manifest:
    """What a backup holds: numbers of rows by table, and hashes by the name of a file.

    `originals` are the sizes by SHA-256; `missing_originals` are those of them that the backup
    lacks, because they are damaged or missing in the archive.
    """

    version: str
    created_at: str
    database: str
    counts: dict[str, int]
    originals: dict[str, int]
    sha256: dict[str, str]
    missing_originals: list[str] = field(default_factory=list)

    @property
    def has_keys(self) -> bool:
        return KEYS_NAME in self.sha256

    @property
    def original_count(self) -> int:
        """The number of originals that the backup holds."""
        return len(self.originals) - len(self.missing_originals)

    def describe_missing_originals(self) -> str:
        """Return the first missing originals, each on a line, and the number of the others."""
        lines = self.missing_originals[:MAX_LISTED_ORIGINALS]
        if more_count := len(self.missing_originals) - len(lines):
            lines.append(f"and {more_count} more, see {MANIFEST_NAME}")
        return "\n".join(lines)


def write_backup(folder: Path, *, with_keys: bool) -> Manifest:
    """Write a backup into the folder, and return its manifest. Raises BackupError.

    The manifest is written last. It replaces that of an earlier backup, whose copy of the database
    has another name and is removed then. Without a manifest, the new copy of the database is
    removed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    created_at = timezone.now()
    dump = folder / f"database-{created_at:%Y%m%dT%H%M%S%f}{databases.get_dump_suffix()}"
    try:
        with databases.dump_database(dump) as cursor:
            counts = databases.count_rows(cursor)
            originals = databases.list_original_sizes(cursor)
        missing_originals = copy_originals(folder, originals)
        files = [dump, write_keys(folder)] if with_keys else [dump]
        manifest = Manifest(
            settings.VERSION,
            created_at.isoformat(timespec="seconds"),
            dump.name,
            counts,
            originals,
            {file.name: hash_file(file) for file in files},
            missing_originals,
        )
        write_file(folder / MANIFEST_NAME, json.dumps(asdict(manifest), indent=1))
    except BaseException:
        dump.unlink(missing_ok=True)
        raise
    remove_earlier_files(folder, manifest)
    return manifest


def remove_earlier_files(folder: Path, manifest: Manifest) -> None:
    """Remove the copies of the database and the keys that are of no use beside this manifest."""
    dumps = [path for path in folder.iterdir() if DUMP_NAME.fullmatch(path.name)]
    for path in [*dumps, folder / KEYS_NAME]:
        if path.name not in manifest.sha256:
            path.unlink(missing_ok=True)


def copy_originals(folder: Path, hashes: Iterable[str]) -> list[str]:
    """Copy the originals that the folder lacks; return those damaged or missing in the archive."""
    return [
        sha256
        for sha256 in hashes
        if not has_intact_copy(folder, sha256) and not copy_original(folder, sha256)
    ]


def has_intact_copy(folder: Path, sha256: str) -> bool:
    """Return whether the folder has a copy of the original with its hash."""
    path = get_original_path(folder, sha256)
    if not path.is_file():
        return False
    try:
        is_intact = hash_file(path) == sha256
    except OSError:
        is_intact = False
    if not is_intact:
        logger.warning("The copy of the original %s in the backup is damaged.", sha256)
    return is_intact


def copy_original(folder: Path, sha256: str) -> bool:
    """Copy an original out of the archive; return False if it is damaged or missing there."""
    original, target = Original(sha256=sha256), get_original_path(folder, sha256)
    try:
        damage: str | None = find_damage(original)
    except OSError as error:
        if error.errno not in UNREADABLE_ERRORS:
            raise
        damage = "not readable"
    if damage:
        logger.warning("The original %s in the archive is %s.", sha256, damage)
        return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming = target.with_suffix(".incoming")
    create_private_file(incoming)
    with default_storage.open(original.path) as source, incoming.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    if hash_file(incoming) != sha256:
        incoming.unlink()
        raise BackupError(f"The copy of the original {sha256} differs: its disk is damaged.")
    move_into_place(incoming, target)
    return True


def write_keys(folder: Path) -> Path:
    """Write the secret keys, without which stored AccessKeys cannot be read."""
    keys = {"SECRET_KEY": settings.SECRET_KEY, "ENCRYPTION_KEYS": settings.ENCRYPTION_KEYS}
    write_file(folder / KEYS_NAME, json.dumps(keys, indent=1))
    return folder / KEYS_NAME


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup. Raises BackupError if the folder holds no whole backup."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST_NAME).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{folder} holds no complete backup: it has no manifest.") from error
    for name, sha256 in manifest.sha256.items():
        if not (folder / name).is_file() or hash_file(folder / name) != sha256:
            raise BackupError(f"{name} in the backup is missing or changed.")
    if Path(manifest.database).suffix != databases.get_dump_suffix():
        raise BackupError(f"The backup is of another kind of database: {manifest.database}.")
    return manifest


def restore_backup(folder: Path) -> Manifest:
    """Put the originals, the keys and the database back, the database last. Raises BackupError.

    The database must hold no report. It may be run again after it was killed.
    """
    manifest = read_manifest(folder)
    databases.require_empty_database()
    if manifest.has_keys:
        require_usable_keys(folder)
    archive = location.get_archive_folder()
    archive.mkdir(mode=0o700, parents=True, exist_ok=True)
    for sha256 in sorted(manifest.originals.keys() - manifest.missing_originals):
        restore_original(get_original_path(folder, sha256), sha256)
    location.write_marker(archive)
    if manifest.has_keys:
        restore_keys(folder)
    databases.load_database(folder / manifest.database)
    return manifest


def restore_original(source: Path, sha256: str) -> None:
    """Copy an original into the archive, unless the same is there. Raises BackupError."""
    target = Path(default_storage.path(Original(sha256=sha256).path))
    if target.exists() and hash_file(target) == sha256:
        return
    if not source.is_file() or hash_file(source) != sha256:
        raise BackupError(f"The original {sha256} in the backup is missing or changed.")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming = target.with_suffix(".incoming")
    create_private_file(incoming)
    shutil.copyfile(source, incoming)
    move_into_place(incoming, target)


def require_usable_keys(folder: Path) -> None:
    """Raise BackupError if the environment sets keys that cannot read the backup's AccessKeys."""
    keys = json.loads((folder / KEYS_NAME).read_text())
    is_unusable = not set(keys["ENCRYPTION_KEYS"]) <= set(settings.ENCRYPTION_KEYS)
    if os.environ.get("ENCRYPTION_KEYS") and is_unusable:
        raise BackupError(
            "The environment sets ENCRYPTION_KEYS without the keys of the backup: unset it, or "
            f"add the keys in {KEYS_NAME}. Nothing was changed."
        )


def restore_keys(folder: Path) -> None:
    """Write the keys where the settings read them, unless the environment sets them.

    The present encryption keys stay behind those of the backup: if the database cannot be loaded,
    the accounts of the present one can still be used.
    """
    keys = json.loads((folder / KEYS_NAME).read_text())
    encryption_keys = dict.fromkeys([*keys["ENCRYPTION_KEYS"], *settings.ENCRYPTION_KEYS])
    for variable, file_name, text in (
        ("SECRET_KEY", "secret-key", keys["SECRET_KEY"]),
        ("ENCRYPTION_KEYS", "encryption-key", ",".join(encryption_keys)),
    ):
        if not os.environ.get(variable):
            write_file(Path(settings.VAR_DIR, file_name), text)


def get_original_path(folder: Path, sha256: str) -> Path:
    return folder / Original(sha256=sha256).path


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_file(path: Path, text: str) -> None:
    """Write a small file that only its owner may read."""
    incoming = path.with_name(path.name + ".incoming")
    create_private_file(incoming)
    incoming.write_text(text)
    move_into_place(incoming, path)


def move_into_place(incoming: Path, target: Path) -> None:
    """Rename a complete file; return after it is on the disk."""
    sync_path(incoming)
    incoming.replace(target)
    sync_folders(target, target.parent)
