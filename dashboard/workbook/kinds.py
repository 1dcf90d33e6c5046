"""What a file is, told by its bytes and never by its name."""

import re
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from .errors import WorkbookError
from .limits import Limits
from .plaintext import PEEK, delimiter, encoding

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HTML = re.compile(
    r"<(!doctype\s+html|html|head|body|table|meta|script|div|title|form)\b", re.IGNORECASE
)


def kind(path: Path, limits: Limits) -> str:
    """xls, xlsx, zip, html, spreadsheetml or csv; raises WorkbookError for what no reader of ours reads."""
    size = path.stat().st_size
    if size == 0:
        raise WorkbookError("empty")
    if size > limits.bytes:
        raise WorkbookError("too_large", bytes=size, limit=limits.bytes)
    with path.open("rb") as file:
        start = file.read(PEEK)
        if start.startswith(OLE):
            return _in_ole(file, start, size)
        if start.startswith(_ZIP):
            return _in_zip(file, limits)
        if _is_bare_biff(start):
            return "xls"
    return _in_text(path)


def _is_bare_biff(start: bytes) -> bool:
    """A stream of BIFF 2 to 8 without its container begins with a BOF record."""
    return (
        start[:1] == b"\x09"
        and start[1:2] in (b"\x00", b"\x02", b"\x04", b"\x08")
        and 4 <= start[2] <= 16
    )


def _in_ole(file: BinaryIO, start: bytes, size: int) -> str:
    """The container of .xls, and of an .xlsx that is encrypted ([MS-CFB])."""
    if len(start) < 512:
        raise WorkbookError("truncated", bytes=size)
    shift = int.from_bytes(start[30:32], "little")
    if shift not in (9, 12):
        raise WorkbookError("corrupt", cause="sector size")
    sector = 512 if shift == 9 else 4096
    missing = _end_of_ole(file, start, sector) - size
    if missing >= sector:  # the last sector itself may be short
        raise WorkbookError("truncated", bytes=size, missing=missing)
    file.seek(0)
    whole = file.read()
    if "EncryptedPackage".encode("utf-16-le") in whole:
        raise WorkbookError("encrypted")
    return "xls"


def _end_of_ole(file: BinaryIO, start: bytes, sector: int) -> int:
    """Where the last sector in use ends, by the allocation table."""
    last = 0
    places: tuple[int, ...] = struct.unpack_from("<109I", start, 76)
    for number, place in enumerate(places[: int.from_bytes(start[44:48], "little")]):
        file.seek((place + 1) * sector)
        table = file.read(sector)
        if len(table) < sector:
            return (place + 2) * sector
        used = [
            entry
            for entry, (state,) in enumerate(struct.iter_unpack("<I", table))
            if state != 0xFFFFFFFF
        ]
        last = number * (sector // 4) + used[-1] if used else last
    return (last + 2) * sector


def _in_zip(file: BinaryIO, limits: Limits) -> str:
    archive = open_zip(file, limits)
    with archive:
        names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    if not names:
        raise WorkbookError("empty")
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise WorkbookError("unknown", kind="xlsb" if "xl/workbook.bin" in names else "ods")
    return "xlsx" if "[content_types].xml" in names else "zip"


def open_zip(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """A zip whose stated sizes are within the limits; while unpacking, zipfile gives no byte beyond them."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as fault:
        raise WorkbookError(
            "truncated" if "not a zip file" in str(fault) else "corrupt", cause=str(fault)
        ) from fault
    size = sum(info.file_size for info in archive.infolist())
    if size > limits.uncompressed:
        raise WorkbookError("bomb", bytes=size, limit=limits.uncompressed)
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise WorkbookError("encrypted")
    return archive


def _in_text(path: Path) -> str:
    try:
        with path.open(encoding=encoding(path), newline="") as file:
            start = file.read(PEEK).lstrip("\ufeff \t\r\n")
    except UnicodeError as fault:
        raise WorkbookError("unknown") from fault
    if not start:
        raise WorkbookError("empty")
    if start.startswith("<"):
        return _in_markup(start)
    if start[0] in "{[" or re.search(r"[\x00-\x08\x0e-\x1f\x7f]", start) or not delimiter(start):
        raise WorkbookError("unknown")
    return "csv"


def _in_markup(start: str) -> str:
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and re.search(
        r"<(\w+:)?Workbook\b", start
    ):
        return "spreadsheetml"
    if re.search(r"<Error(\s[^>]*)?>", start) and (
        found := re.search(r"<Code>([\w.-]{1,80})</Code>", start)
    ):
        request = re.search(r"<RequestId>([\w-]{1,80})</RequestId>", start)
        raise WorkbookError(
            "oss_error", oss_code=found[1], request_id=request[1] if request else ""
        )
    if _HTML.search(start):
        return "html"
    raise WorkbookError("bomb" if "<!ENTITY" in start else "unknown")
