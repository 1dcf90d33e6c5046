"""A zip of several reports, one per owner account: each member is unpacked under a name of ours and read by itself."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .contents import Member
from .errors import WorkbookError
from .kinds import kind, open_zip
from .limits import Limits

_UTF8 = 0x800
# <uid>-<packId>-report-<yyyyMMddHHmm>, the cloud's own file name
NAME = re.compile(
    r"(?P<account>\d{10,20})-(?P<pack>c[a-z]-[0-9A-Za-z]{1,61})-report-(?P<created>\d{12})"
)


def members(path: Path, room: Path, limits: Limits) -> Iterator[tuple[Member, Path]]:
    """Each file of a zip, unpacked to a file in `room`; its own name is only told, never used."""
    with path.open("rb") as file, open_zip(file, limits) as archive:
        infos = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not is_litter(info.filename)
        ]
        if not infos:
            raise WorkbookError("empty")
        if len(infos) > limits.members:
            raise WorkbookError("too_many_members", members=len(infos), limit=limits.members)
        for number, info in enumerate(infos):
            name = member_name(info)
            with blamed(name):
                unpacked = _unpacked(archive, info, name, room / str(number), limits)
            yield unpacked


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Whatever goes wrong in here is this member's fault, and says so."""
    try:
        yield
    except WorkbookError as fault:
        raise WorkbookError(fault.code, **{**fault.facts, "member": name}) from fault
    except MemoryError:
        raise
    except Exception as fault:
        raise WorkbookError("corrupt", member=name, cause=type(fault).__name__) from fault


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, target: Path, limits: Limits
) -> tuple[Member, Path]:
    if info.file_size > limits.bytes:
        raise WorkbookError("too_large", bytes=info.file_size, limit=limits.bytes)
    sha256 = hashlib.sha256()
    with archive.open(info) as source, target.open("wb") as unpacked:
        while block := source.read(1 << 20):
            sha256.update(block)
            unpacked.write(block)
    found = kind(target, limits)
    if found == "zip":
        raise WorkbookError("unknown", kind="zip")
    return Member(name, sha256.hexdigest(), info.file_size, found), target


def is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db")


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name: without the UTF-8 flag it is what a Chinese Windows wrote."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename
