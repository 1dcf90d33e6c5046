"""Originals are stored once under their hash and read from any storage."""

import hashlib
import io
from pathlib import Path

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from pytest_django import Settings

from dashboard.archive import originals
from dashboard.models import Original

CONTENT = b"the bytes of a report" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_a_stream_is_stored_under_its_hash() -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    assert (original.sha256, original.size) == (SHA256, len(CONTENT))
    with originals.open_original(original) as file:
        assert file.read() == CONTENT
    assert originals.matches_hash(original)


@pytest.mark.django_db
def test_equal_files_are_stored_once() -> None:
    first = originals.store_stream(io.BytesIO(CONTENT))
    modified_at = default_storage.get_modified_time(first.path)
    second = originals.store_stream(io.BytesIO(CONTENT))
    assert default_storage.get_modified_time(second.path) == modified_at
    originals.create_original_rows([first, second])
    originals.create_original_rows([first])
    assert Original.objects.get().sha256 == SHA256


@pytest.mark.django_db
def test_a_local_file_is_moved_into_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "downloaded"
    path.write_bytes(CONTENT)
    original = originals.store_local_file(path, SHA256)
    assert not path.exists()
    assert Original.objects.get() == original
    assert originals.matches_hash(original)


def test_no_incomplete_file_is_left_behind(tmp_path: Path) -> None:
    class BrokenStream(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        originals.store_stream(BrokenStream())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_lost_file_does_not_match_its_hash() -> None:
    original = originals.store_stream(io.BytesIO(CONTENT))
    default_storage.delete(original.path)
    assert not originals.original_exists(original)
    assert not originals.matches_hash(original)


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
