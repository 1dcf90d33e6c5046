"""Unpack a zip of report files (its members), one for each account of an account group."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .contents import ZipMember
from .errors import WorkbookError
from .file_kinds import detect_file_kind, open_limited_zip
from .limits import Limits

_UTF8_FLAG = 0x800  # of a zip member whose name is in UTF-8
# <account>-<pack>-report-<yyyyMMddHHmm>, the name that the cloud gives a report file
REPORT_FILE_NAME = re.compile(
    r"(?P<account>\d{10,20})-(?P<pack>c[a-z]-[0-9A-Za-z]{1,61})-report-(?P<created>\d{12})"
)


def unpack_members(path: Path, folder: Path, limits: Limits) -> Iterator[tuple[ZipMember, Path]]:
    """Unpack a zip into `folder`; yield (member, path) after each member is unpacked.

    The unpacked files have numbers as names, because the name of a member may be a harmful path.
    Raise WorkbookError if the zip is empty or exceeds the limits.
    """
    with path.open("rb") as file, open_limited_zip(file, limits) as archive:
        infos = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not is_system_file(info.filename)
        ]
        if not infos:
            raise WorkbookError("empty")
        if len(infos) > limits.members:
            raise WorkbookError("too_many_members", members=len(infos), limit=limits.members)
        for number, info in enumerate(infos):
            name = decode_member_name(info)
            with add_member_to_errors(name):
                unpacked = _unpack_member(archive, info, name, folder / str(number), limits)
            yield unpacked


@contextmanager
def add_member_to_errors(name: str) -> Iterator[None]:
    """Turn every error of the `with` block into a WorkbookError whose facts name the member.

    Only MemoryError is raised unchanged.
    """
    try:
        yield
    except WorkbookError as error:
        raise WorkbookError(error.code, **{**error.facts, "member": name}) from error
    except MemoryError:
        raise
    except Exception as error:
        raise WorkbookError("corrupt", member=name, cause=type(error).__name__) from error


def _unpack_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, target: Path, limits: Limits
) -> tuple[ZipMember, Path]:
    """Unpack one member to `target`, and return it with `target`.

    Raise WorkbookError if it is too large, no report file, or a zip itself.
    """
    if info.file_size > limits.bytes:
        raise WorkbookError("too_large", bytes=info.file_size, limit=limits.bytes)
    sha256 = hashlib.sha256()
    with archive.open(info) as source, target.open("wb") as target_file:
        while block := source.read(1 << 20):
            sha256.update(block)
            target_file.write(block)
    kind = detect_file_kind(target, limits)
    if kind == "zip":
        raise WorkbookError("unknown", kind="zip")
    return ZipMember(name, sha256.hexdigest(), info.file_size, kind), target


def is_system_file(name: str) -> bool:
    """Return whether this is a file that macOS or Windows adds to a zip or a folder by itself."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db")


def decode_member_name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member.

    A Chinese Windows writes names in GB18030 without the UTF-8 flag, and zipfile decodes all names
    without this flag as cp437: undo that.
    """
    if info.flag_bits & _UTF8_FLAG or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename
