"""A backup: a folder with a copy of the database, the originals, the keys and a manifest.

A backup may be written into the same folder again: only new originals are copied, and the earlier
backup can be restored until the new one is complete. The database is copied first: an original is
stored before its row, so every row of the copy has its file.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from dashboard.archive import location
from dashboard.archive.disk import sync_folders, sync_path
from dashboard.backup import databases
from dashboard.backup.databases import BackupError
from dashboard.models import Original

MANIFEST_NAME = "manifest.json"
KEYS_NAME = "keys.json"


@dataclass
class Manifest:
    """What a backup holds: numbers of rows by table, and hashes by the name of a file."""

    version: str
    created_at: str
    database: str
    counts: dict[str, int]
    originals: dict[str, int]
    sha256: dict[str, str]

    @property
    def has_keys(self) -> bool:
        return KEYS_NAME in self.sha256


def write_backup(folder: Path, *, with_keys: bool) -> Manifest:
    """Write a backup into the folder, and return its manifest. Raises BackupError.

    The manifest is written last. It replaces that of an earlier backup, whose copy of the database
    has another name and is removed then.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    created_at = timezone.now()
    dump = folder / f"database-{created_at:%Y%m%dT%H%M%S%f}{databases.get_dump_suffix()}"
    with databases.dump_database(dump) as cursor:
        counts = databases.count_rows(cursor)
        originals = databases.list_original_sizes(cursor)
    for sha256, size in originals.items():
        copy_original(Original(sha256=sha256, size=size), get_original_path(folder, sha256))
    files = [dump]
    if with_keys:
        files.append(write_keys(folder))
    manifest = Manifest(
        settings.VERSION,
        created_at.isoformat(timespec="seconds"),
        dump.name,
        counts,
        originals,
        {file.name: hash_file(file) for file in files},
    )
    write_file(folder / MANIFEST_NAME, json.dumps(asdict(manifest), indent=1))
    remove_earlier_files(folder, manifest)
    return manifest


def remove_earlier_files(folder: Path, manifest: Manifest) -> None:
    """Remove the copies of the database and the keys that are of no use beside this manifest."""
    for path in [*folder.glob("database[-.]*"), folder / KEYS_NAME]:
        if path.name not in manifest.sha256:
            path.unlink(missing_ok=True)


def copy_original(original: Original, target: Path) -> None:
    """Copy an original out of the archive, unless it is there. Raises BackupError if damaged."""
    if target.exists() and target.stat().st_size == original.size:
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming = target.with_suffix(".incoming")
    try:
        with default_storage.open(original.path) as source, incoming.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    except FileNotFoundError as error:
        raise BackupError(f"The original {original.sha256} is missing in the archive.") from error
    if hash_file(incoming) != original.sha256:
        incoming.unlink()
        raise BackupError(f"The original {original.sha256} was changed in the archive.")
    move_into_place(incoming, target)


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
    for sha256 in manifest.originals:
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
    incoming.touch(mode=0o600)
    incoming.write_text(text)
    move_into_place(incoming, path)


def move_into_place(incoming: Path, target: Path) -> None:
    """Rename a complete file; return after it is on the disk."""
    incoming.chmod(0o600)
    sync_path(incoming)
    incoming.replace(target)
    sync_folders(target, target.parent)
