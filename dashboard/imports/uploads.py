"""Store uploaded files and zips in the archive.

Each file gets a database record (ImportedFile). It is identified and read later.
"""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import IO, Any, NamedTuple, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from dashboard.archive import originals
from dashboard.imports.identity import UNKNOWN, Identity
from dashboard.models import ImportBatch, ImportedFile
from dashboard.workbook import WorkbookError
from dashboard.workbook.file_kinds import check_member_readable
from dashboard.workbook.zip_members import (
    REPORT_FILE_ENDINGS,
    REPORT_FILE_NAME,
    decode_member_name,
    list_file_members,
)

MAX_MEMBERS = 5_000  # files in one zip
MAX_FILES = 10_000  # files in one upload, with those in its zips
MAX_DIRECTORY_BYTES = 4 * 2**20  # of a zip's list of members


class UploadSize(NamedTuple):
    """What an uploaded file brings in: itself, or the files in a zip."""

    bytes: int
    files: int


class DirectoryLimit:
    """A file for zipfile, which would read and keep a list of millions of members."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read bytes; raise BadZipFile where zipfile asks for a list that is too long."""
        if size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("too many members")
        return self.file.read(size)


def store_uploads(batch: ImportBatch, files: Sequence["UploadedFile[Any]"]) -> None:
    """Store the files of one upload (see store_upload).

    If they bring in more than UPLOAD_LIMIT_BYTES or MAX_FILES together, unpacked, none is stored.
    """
    names = [get_base_name(file.name or "") for file in files]
    sizes = [measure_upload(name, file) for name, file in zip(names, files, strict=True)]
    is_too_large = (
        sum(size.bytes for size in sizes) > settings.UPLOAD_LIMIT_BYTES
        or sum(size.files for size in sizes) > MAX_FILES
    )
    for name, file in zip(names, files, strict=True):
        if is_too_large:
            reject_file(batch, name, "upload_too_large")
        elif file.file:
            store_upload(batch, name, file.file, file.size or 0)


def measure_upload(name: str, file: "UploadedFile[Any]") -> UploadSize:
    """Return how much the file brings in: itself, or the files in a zip."""
    if not file.file:
        return UploadSize(0, 0)
    members = list_report_members(file.file, name)
    file.file.seek(0)
    if members:
        return UploadSize(measure_members(members), len(members))
    return UploadSize(file.size or 0, 1)


def store_upload(
    batch: ImportBatch,
    path: str,
    file: IO[bytes],
    size: int,
    identity_from_user: Identity = UNKNOWN,
) -> None:
    """Store a file, or each report file in a zip, and create an ImportedFile in the state ARRIVED.

    A file that is too large, packed or unpacked, is not stored; its ImportedFile has the state
    REFUSED.
    `identity_from_user` is used for values that the file itself does not state.
    """
    name = get_base_name(path)
    if size > settings.FILE_LIMIT_BYTES:
        reject_file(batch, name, "too_large")
        return
    members = list_report_members(file, name)
    if measure_members(members) > settings.UPLOAD_LIMIT_BYTES:
        reject_file(batch, name, "upload_too_large")
    elif members:
        with zipfile.ZipFile(file) as archive:
            for member in members:
                store_member(batch, name, archive, member, identity_from_user)
    else:
        file.seek(0)
        store_imported_file(batch, name, file, identity_from_user)


def list_report_members(file: IO[bytes], name: str) -> list[zipfile.ZipInfo]:
    """Return the members of a zip that contains separate reports, or an empty list.

    The list is empty for a file that is not a zip, for an xlsx file (which is a zip too), for a
    damaged zip, for one with too many files, and for a zip that is itself one report. The report of
    an account group is such a zip, with a file for each account: either the zip is named like a
    report, or all its members have the same pack and minute in their names.
    """
    if file.read(2) != b"PK" or REPORT_FILE_NAME.search(name):
        return []
    try:
        with zipfile.ZipFile(cast("IO[bytes]", DirectoryLimit(file))) as archive:
            members = [
                member
                for member in list_file_members(archive)
                if get_base_name(member.filename).lower() != "desktop.ini"
            ]
    except (zipfile.BadZipFile, ValueError, OSError):
        return []
    names = [decode_member_name(member) for member in members]
    is_xlsx = any(name.lower() == "[content_types].xml" for name in names)
    if is_xlsx or len(members) > MAX_MEMBERS or is_one_report(names):
        return []
    return members


def measure_members(members: Sequence[zipfile.ZipInfo]) -> int:
    """Return the unpacked size that a zip states; zipfile unpacks no more than that."""
    return sum(member.file_size for member in members)


def is_one_report(names: list[str]) -> bool:
    """Return whether several of these file names have the same pack and minute.

    Files that are no reports by their names, such as a note, do not count.
    """
    report_names = [name for name in names if name.lower().endswith(REPORT_FILE_ENDINGS)]
    matches = [REPORT_FILE_NAME.search(name) for name in report_names]
    packs_and_times = {(match["pack"], match["created"]) if match else None for match in matches}
    return len(report_names) > 1 and len(packs_and_times) == 1 and None not in packs_and_times


def store_member(
    batch: ImportBatch,
    zip_name: str,
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    identity_from_user: Identity,
) -> None:
    """Store a member of a zip; a member that cannot be unpacked is rejected."""
    name = get_base_name(decode_member_name(member))
    if member.file_size > settings.FILE_LIMIT_BYTES:
        reject_file(batch, name, "too_large", zip_name)
        return
    try:
        check_member_readable(member)
        with archive.open(member) as file:
            store_imported_file(batch, name, file, identity_from_user, zip_name)
    except WorkbookError as error:
        reject_file(batch, name, error.code, zip_name, error.facts)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
        reject_file(batch, name, "corrupt", zip_name)


def store_imported_file(
    batch: ImportBatch, name: str, file: IO[bytes], identity_from_user: Identity, zip_name: str = ""
) -> None:
    """Store the file in the archive and create an ImportedFile in the state ARRIVED."""
    original = originals.store_stream(file)
    with transaction.atomic():
        originals.create_original_rows([original])
        ImportedFile.objects.create(
            batch=batch,
            name=name,
            inside=zip_name,
            original=original,
            **identity_from_user._asdict(),
        )


def reject_file(
    batch: ImportBatch,
    name: str,
    error_code: str,
    zip_name: str = "",
    error_facts: Mapping[str, str | int] = MappingProxyType({}),
) -> None:
    """Create an ImportedFile in the state REFUSED. The file itself is not stored."""
    ImportedFile.objects.create(
        batch=batch,
        name=name,
        inside=zip_name,
        state=ImportedFile.State.REFUSED,
        error_code=error_code,
        error_facts=dict(error_facts),
    )


def get_base_name(path: str) -> str:
    """Return the file name of a Windows or Unix path, in a form that a database can store.

    Lone surrogates become "?", NUL characters are removed, and only the last 255 characters are
    kept, so that the extension remains.
    """
    name = PurePosixPath(path.replace("\\", "/")).name
    return name.encode("utf-8", "replace").decode().replace("\0", "")[-255:]
