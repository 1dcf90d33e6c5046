"""Unpack a zip of report files (its members), one for each account of an account group."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .contents import UnreadMember, ZipMember
from .errors import WorkbookError, is_machine_error
from .file_kinds import check_member_readable, open_limited_zip
from .limits import Limits
from .protection import detect_unprotected_kind

_UTF8_FLAG = 0x800  # of a zip member whose name is in UTF-8
# <account>-<pack>-report-<yyyyMMddHHmm>, the name that the cloud gives a report file
REPORT_FILE_NAME = re.compile(
    r"(?P<account>\d{10,20})-(?P<pack>c[a-z]-[0-9A-Za-z]{1,61})-report-(?P<created>\d{12})"
)
REPORT_FILE_ENDINGS = (".xls", ".xlsx", ".csv", ".tsv", ".htm", ".html", ".xml", ".zip")
# Files that operating systems add to a folder by themselves, in lower case.
_SYSTEM_FILES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "icon\r"})
_SYSTEM_FOLDERS = frozenset({"__macosx", ".spotlight-v100", ".trashes", ".fseventsd"})
_SYSTEM_ENDINGS = (":zone.identifier",)


@dataclass
class UnpackedZip:
    """The unpacked members of a zip, each with its path, and those that could not be unpacked."""

    members: list[tuple[ZipMember, Path]] = field(default_factory=list)
    unread_members: list[UnreadMember] = field(default_factory=list)

    def add_unread(self, name: str, error: WorkbookError) -> None:
        """Add a member that cannot be read, with its error."""
        self.unread_members.append(UnreadMember(name, error.code, error.facts))


def unpack_members(path: Path, folder: Path, limits: Limits) -> UnpackedZip:
    """Unpack a zip into `folder`.

    The unpacked files have numbers as names, because the name of a member may be a harmful path.
    Of members with the same name and content only the first is unpacked. Raise WorkbookError if
    the zip has no members or exceeds the limits.
    """
    unpacked = UnpackedZip()
    names_and_hashes = set()
    with path.open("rb") as file, open_limited_zip(file, limits) as archive:
        infos = list_file_members(archive)
        if not infos:
            raise WorkbookError("empty")
        if len(infos) > limits.members:
            raise WorkbookError("too_many_members", members=len(infos), limit=limits.members)
        for number, info in enumerate(infos):
            name = decode_member_name(info)
            member_path = folder / str(number)
            try:
                with add_member_to_errors(name):
                    member, readable_path = _unpack_member(archive, info, name, member_path, limits)
            except WorkbookError as error:
                member_path.unlink(missing_ok=True)
                unpacked.add_unread(name, error)
            else:
                if (name, member.sha256) not in names_and_hashes:
                    unpacked.members.append((member, readable_path))
                names_and_hashes.add((name, member.sha256))
    return unpacked


@contextmanager
def add_member_to_errors(name: str) -> Iterator[None]:
    """Turn every error of the `with` block into a WorkbookError whose facts name the member.

    Only MemoryError and errors of the machine are raised unchanged.
    """
    try:
        yield
    except WorkbookError as error:
        raise WorkbookError(error.code, **{**error.facts, "member": name}) from error
    except MemoryError:
        raise
    except Exception as error:
        if is_machine_error(error):
            raise
        raise WorkbookError("corrupt", member=name, cause=type(error).__name__) from error


def _unpack_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, target: Path, limits: Limits
) -> tuple[ZipMember, Path]:
    """Unpack one member to `target`; return it with the path of the file to read.

    Raise WorkbookError if it is too large, no report file, or a zip itself.
    """
    if info.file_size > limits.bytes:
        raise WorkbookError("too_large", bytes=info.file_size, limit=limits.bytes)
    check_member_readable(info)
    sha256 = hashlib.sha256()
    with archive.open(info) as source, target.open("wb") as target_file:
        while block := source.read(1 << 20):
            sha256.update(block)
            target_file.write(block)
    kind, path = detect_unprotected_kind(target, target.with_suffix(".unprotected"), limits)
    if kind == "zip":
        raise WorkbookError("unknown", kind="zip")
    return ZipMember(name, sha256.hexdigest(), info.file_size, kind), path


def find_whole_error(unread_members: list[UnreadMember]) -> WorkbookError:
    """Return the error of a zip of which no member could be read.

    It is that of the first member which may be a report, or else of the first member.
    """
    reports = [member for member in unread_members if not is_foreign(member)]
    first = (reports or unread_members)[0]
    return WorkbookError(first.code, **first.facts)


def is_foreign(member: UnreadMember) -> bool:
    """Return whether an unread member is no report at all, such as a picture or a note."""
    has_report_name = member.name.lower().endswith(REPORT_FILE_ENDINGS)
    return member.code in ("unknown", "empty") and not has_report_name


def list_file_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members that are files which a person put into the zip: no folders, no litter."""
    return [
        info
        for info in archive.infolist()
        if not _is_folder(info) and not is_system_file(decode_member_name(info))
    ]


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a folder; some programs end its name with a backslash."""
    return info.is_dir() or info.filename.endswith("\\")


def is_system_file(name: str) -> bool:
    """Return whether this is a file that macOS or Windows adds to a zip or a folder by itself."""
    path = PurePosixPath(name.replace("\\", "/").lower())
    return (
        path.name in _SYSTEM_FILES
        or path.name.startswith(("._", "~$", ".~lock."))  # the last two mark an open file
        or path.name.endswith(_SYSTEM_ENDINGS)
        or not _SYSTEM_FOLDERS.isdisjoint(path.parts)
    )


def decode_member_name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member.

    A Chinese Windows writes names in GB18030 without the UTF-8 flag, and zipfile decodes all names
    without this flag as cp437: undo that. Some programs write UTF-8 without the flag.
    """
    if info.flag_bits & _UTF8_FLAG or info.filename.isascii():
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeError):
            return info.filename.encode("cp437").decode(encoding)
    return info.filename
