"""Store the bytes of files and zips that somebody imports; they are identified and read later."""

import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings
from django.db import transaction

from dashboard.archive import originals
from dashboard.imports.identity import UNKNOWN, Identity
from dashboard.models import ImportBatch, ImportedFile
from dashboard.workbook.zip_members import (
    REPORT_FILE_NAME,
    decode_member_name,
    is_system_file,
)

MAX_MEMBERS = 5_000  # files in one zip
MAX_UNPACKED_RATIO = 20  # all files of a zip together, in multiples of the limit of one file


def store_upload(
    batch: ImportBatch, path: str, file: IO[bytes], size: int, given: Identity = UNKNOWN
) -> None:
    """Store a file, or each report file of a zip, with a row that waits for its import.

    `given` is what the person who imports the file knows of it.
    """
    name = get_base_name(path)
    if size > settings.FILE_LIMIT_BYTES:
        reject_file(batch, name, "too_large")
        return
    members = list_report_members(file, name)
    if members:
        with zipfile.ZipFile(file) as archive:
            for member in members:
                store_member(batch, name, archive, member, given)
    else:
        file.seek(0)
        store_file(batch, name, file, given)


def list_report_members(file: IO[bytes], name: str) -> list[zipfile.ZipInfo]:
    """Return the members of a zip that holds several reports; an empty list for any other file.

    A zip that has a report's own name, or whose members are of one pack and one minute, is one
    report: that of an account group, with a file for each account.
    """
    if file.read(2) != b"PK" or REPORT_FILE_NAME.search(name):
        return []
    try:
        with zipfile.ZipFile(file) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not is_system_file(member.filename)
            ]
    except (zipfile.BadZipFile, ValueError, OSError):
        return []
    names = [decode_member_name(member) for member in members]
    is_xlsx = any(name.lower() == "[content_types].xml" for name in names)
    if is_xlsx or is_too_large(members) or is_one_report(names):
        return []
    return members


def is_too_large(members: list[zipfile.ZipInfo]) -> bool:
    unpacked_size = sum(member.file_size for member in members)
    return (
        len(members) > MAX_MEMBERS or unpacked_size > MAX_UNPACKED_RATIO * settings.FILE_LIMIT_BYTES
    )


def is_one_report(names: list[str]) -> bool:
    """Return whether several files are named after one pack and one minute."""
    matches = [REPORT_FILE_NAME.search(name) for name in names]
    packs_and_times = {(match["pack"], match["created"]) if match else None for match in matches}
    return len(names) > 1 and len(packs_and_times) == 1 and None not in packs_and_times


def store_member(
    batch: ImportBatch,
    zip_name: str,
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    given: Identity,
) -> None:
    name = get_base_name(decode_member_name(member))
    if member.file_size > settings.FILE_LIMIT_BYTES:
        reject_file(batch, name, "too_large", zip_name)
        return
    try:
        with archive.open(member) as file:
            store_file(batch, name, file, given, zip_name)
    except RuntimeError:  # zipfile raises it if a password is needed
        reject_file(batch, name, "encrypted", zip_name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error):
        reject_file(batch, name, "corrupt", zip_name)


def store_file(
    batch: ImportBatch, name: str, file: IO[bytes], given: Identity, zip_name: str = ""
) -> None:
    original = originals.store_stream(file)
    with transaction.atomic():
        originals.create_original_rows([original])
        ImportedFile.objects.create(
            batch=batch, name=name, inside=zip_name, original=original, **given._asdict()
        )


def reject_file(batch: ImportBatch, name: str, error_code: str, zip_name: str = "") -> None:
    ImportedFile.objects.create(
        batch=batch,
        name=name,
        inside=zip_name,
        state=ImportedFile.State.REFUSED,
        error_code=error_code,
    )


def get_base_name(path: str) -> str:
    """Return the last part of a path of any system, without what a database cannot store."""
    name = PurePosixPath(path.replace("\\", "/")).name
    return name.encode("utf-8", "replace").decode().replace("\0", "")[-255:]
