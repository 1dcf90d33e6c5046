"""Uploaded files and zips, stored in the archive."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings

from dashboard.archive import originals
from dashboard.models import ImportBatch, ImportedFile
from dashboard.workbook.archive import NAME, is_litter, member_name

MEMBERS = 5_000  # files in one zip
UNPACKED = 20  # times the size that one file may have: all files of a zip together
State = ImportedFile.State


def receive_upload(
    batch: ImportBatch, name: str, file: IO[bytes], size: int
) -> Iterator[ImportedFile]:
    """Takes a file's bytes into the archive, or those of each report in a zip; nothing is read, and no row made."""
    name = file_base_name(name)
    if size > settings.FILE_LIMIT_BYTES:
        yield reject_file(batch, name, "too_large")
        return
    members = find_zip_members(file, name)
    if not members:
        file.seek(0)
        yield store_upload(batch, name, file)
        return
    with zipfile.ZipFile(file) as bundle:
        for info in members:
            yield extract_member(batch, name, bundle, info)


def find_zip_members(file: IO[bytes], name: str) -> list[zipfile.ZipInfo]:
    """The members of a zip that brings several reports; none for any other file.

    A zip that bears a report's own name, or whose members are of one pack and one minute, is one report: that of an
    account group, with a file for each account.
    """
    if file.read(2) != b"PK" or NAME.search(name):
        return []
    try:
        with zipfile.ZipFile(file) as bundle:
            infos = [
                info
                for info in bundle.infolist()
                if not info.is_dir() and not is_litter(info.filename)
            ]
    except (zipfile.BadZipFile, ValueError, OSError):
        return []
    names = [member_name(info) for info in infos]
    if any(name.lower() == "[content_types].xml" for name in names) or len(infos) > MEMBERS:
        return []
    if sum(info.file_size for info in infos) > UNPACKED * settings.FILE_LIMIT_BYTES:
        return []
    found = [NAME.search(name) for name in names]
    one_report = (
        len(found) > 1
        and len({(one["pack"], one["created"]) if one else None for one in found}) == 1
    )
    return [] if one_report and found[0] else infos


def extract_member(
    batch: ImportBatch, inside: str, bundle: zipfile.ZipFile, info: zipfile.ZipInfo
) -> ImportedFile:
    name = file_base_name(member_name(info))
    if info.file_size > settings.FILE_LIMIT_BYTES:
        return reject_file(batch, name, "too_large", inside)
    try:
        with bundle.open(info) as member:
            return store_upload(batch, name, member, inside)
    except RuntimeError:  # zipfile's way to say that it wants a password
        return reject_file(batch, name, "encrypted", inside)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error):
        return reject_file(batch, name, "corrupt", inside)


def reject_file(batch: ImportBatch, name: str, code: str, inside: str = "") -> ImportedFile:
    return ImportedFile(batch=batch, name=name, inside=inside, state=State.REFUSED, error_code=code)


def store_upload(batch: ImportBatch, name: str, file: IO[bytes], inside: str = "") -> ImportedFile:
    return ImportedFile(
        batch=batch, name=name, inside=inside, original=originals.store_stream(file)
    )


def file_base_name(path: str) -> str:
    """The last part of a path of any system, as every database takes it."""
    name = PurePosixPath(path.replace("\\", "/")).name
    return name.encode("utf-8", "replace").decode().replace("\0", "")[-255:]
