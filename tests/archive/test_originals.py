"""Originals are stored once under their hash and read from any storage."""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from dashboard.archive import location, originals
from dashboard.models import Original

pytestmark = pytest.mark.django_db
CONTENT = b"the bytes of a report" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_a_stream_is_stored_under_its_hash() -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    assert (original.sha256, original.size) == (SHA256, len(CONTENT))
    with originals.open_verified_original(original) as file:
        assert file.read() == CONTENT
    assert originals.find_damage(original) is None


def test_equal_files_are_stored_once() -> None:
    first = originals.store_stream(io.BytesIO(CONTENT))
    modified_at = default_storage.get_modified_time(first.path)
    second = originals.store_stream(io.BytesIO(CONTENT))
    assert default_storage.get_modified_time(second.path) == modified_at
    originals.create_original_rows([first, second])
    originals.create_original_rows([first])
    assert Original.objects.get().sha256 == SHA256


def test_a_local_file_is_moved_into_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "downloaded"
    path.write_bytes(CONTENT)
    original = originals.store_local_file(path, SHA256)
    assert not path.exists()
    assert Original.objects.get() == original
    assert originals.find_damage(original) is None


def test_no_incomplete_file_is_left_behind(tmp_path: Path) -> None:
    class BrokenStream(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        originals.store_stream(BrokenStream())
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [location.MARKER_NAME]


def test_a_lost_file_does_not_match_its_hash() -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    default_storage.delete(original.path)
    assert originals.find_damage(original) == Original.Damage.MISSING


class RemoteStorage(Storage):
    """A storage whose files have no path on the local disk."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def _open(self, name: str, _mode: str) -> "ContentFile[bytes]":
        return ContentFile(self.contents[name])

    def _save(self, name: str, content: "File[bytes]") -> str:
        self.contents[name] = content.read()
        return name

    def exists(self, name: str) -> bool:
        return name in self.contents


def test_an_original_of_a_remote_storage_is_copied_to_the_local_disk(settings: Settings) -> None:
    remote_storage = {"BACKEND": f"{__name__}.RemoteStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": remote_storage}
    original = originals.store_stream(io.BytesIO(CONTENT))
    with originals.open_local_copy(original) as path:
        assert path.read_bytes() == CONTENT
    assert not path.exists()


def flip_a_byte(original: Original) -> None:
    path = Path(default_storage.path(original.path))
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage_file", "damage"),
    [
        (flip_a_byte, Original.Damage.CHANGED),
        (lambda original: Path(default_storage.path(original.path)).write_bytes(b""), "changed"),
        (lambda original: default_storage.delete(original.path), Original.Damage.MISSING),
    ],
)
def test_a_damaged_original_is_neither_opened_nor_read_and_equal_bytes_heal_it(
    damage_file: Callable[[Original], object], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    originals.create_original_rows([original])
    damage_file(original)
    with pytest.raises(originals.DamagedOriginalError, match=original.sha256):
        originals.open_verified_original(original)
    with pytest.raises(originals.DamagedOriginalError), originals.open_local_copy(original):
        pass
    original.refresh_from_db()
    assert original.damage == damage
    assert original.verified_at
    healed = originals.store_stream(io.BytesIO(CONTENT))
    assert Original.objects.get().damage == ""
    with originals.open_verified_original(healed) as file:
        assert file.read() == CONTENT
    assert ("heals it" in caplog.text) is (damage == "changed")


def test_a_damaged_original_counts_as_healed_only_when_the_new_file_is_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    original = originals.store_stream(io.BytesIO(CONTENT))
    originals.create_original_rows([original])
    flip_a_byte(original)
    assert originals.verify_original(original) == Original.Damage.CHANGED
    monkeypatch.setattr(originals, "save_under_name", fail)
    with pytest.raises(OSError, match="full"):
        originals.store_stream(io.BytesIO(CONTENT))
    assert Original.objects.get().damage == "changed"


def test_an_original_that_is_back_by_itself_counts_as_healed_when_it_comes_again() -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    originals.create_original_rows([original])
    Original.objects.update(damage="missing")
    originals.store_stream(io.BytesIO(CONTENT))
    assert Original.objects.get().damage == ""


def test_an_original_is_on_the_disk_before_its_row_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file is synced before it is renamed, and its folders before the row is inserted."""
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def record_sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("sync folder" if is_folder else "sync file")
        sync(descriptor)

    def record_rename(source: str, target: str) -> None:
        steps.append("rename")
        rename(source, target)

    def record_query(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT"):
            steps.append("insert")
        return execute(sql, *arguments)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "rename", record_rename)
    with connection.execute_wrapper(record_query):
        originals.create_original_rows([originals.store_stream(io.BytesIO(CONTENT))])
    steps = steps[steps.index("sync file") :]
    assert steps[:2] == ["sync file", "rename"]
    assert steps[-1] == "insert"
    # The folder of the file, the folder of all originals, and the archive itself.
    assert steps[2:-1] == ["sync folder"] * 3
    # The same once more, because a process may have been killed before it synced the folders.
    steps.clear()
    originals.store_stream(io.BytesIO(CONTENT))
    assert steps[-3:] == ["sync folder"] * 3


def test_what_has_the_place_of_an_original_or_of_its_folder_counts_as_a_missing_file() -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    path = Path(default_storage.path(original.path))
    path.unlink()
    path.mkdir()
    assert originals.find_damage(original) == Original.Damage.MISSING
    path.rmdir()
    path.parent.rmdir()
    path.parent.write_text("no folder")
    assert originals.find_damage(original) == Original.Damage.MISSING


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_or_a_dead_link_in_the_place_of_the_archive_is_named(
    is_link: bool, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "archive"
    if is_link:
        settings.MEDIA_ROOT.symlink_to("nowhere")
    else:
        settings.MEDIA_ROOT.write_text("no folder")
    with pytest.raises(location.ArchiveMissingError, match="archive"):
        originals.store_stream(io.BytesIO(CONTENT))


def test_a_folder_without_the_archive_is_refused_by_name(
    settings: Settings, tmp_path: Path
) -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    originals.create_original_rows([original])
    settings.MEDIA_ROOT = tmp_path / "not-mounted"
    with pytest.raises(location.ArchiveMissingError, match="not-mounted"):
        originals.store_stream(io.BytesIO(b"another"))
    with pytest.raises(location.ArchiveMissingError, match="not-mounted"):
        originals.find_damage(original)
    assert not settings.MEDIA_ROOT.exists()


def test_an_archive_from_before_the_marker_gets_one(settings: Settings) -> None:
    originals.create_original_rows([originals.store_stream(io.BytesIO(CONTENT))])
    marker = Path(settings.MEDIA_ROOT) / location.MARKER_NAME
    marker.unlink()
    location.require_archive()
    assert marker.exists()


def test_what_killed_processes_left_is_removed_and_what_is_at_work_is_kept(
    settings: Settings,
) -> None:
    with location.temporary_folder() as at_work:
        left = at_work.parent / "left"
        left.mkdir()
        (left / "original").write_bytes(b"half")
        old = (timezone.now() - location.ABANDONED_AFTER).timestamp() - 1
        os.utime(left, (old, old))
        location.remove_abandoned_folders()
        assert at_work.exists()
        assert not left.exists()
