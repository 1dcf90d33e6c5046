"""Detect the kind of a file by its bytes, not by its name."""

import re
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from .delimiters import detect_dialect
from .errors import Code, WorkbookError
from .export_json import is_own_json
from .limits import Limits
from .ole_streams import OLE_SIGNATURE
from .text_encoding import DETECTION_SIZE, detect_encoding

_ENCRYPTED_FLAG = 0x1  # of a zip member
_READ_COMPRESSIONS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
# APPNOTE.TXT 4.4.5, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
_COMPRESSION_NAMES = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    10: "PKWARE DCL Implode",
    93: "Zstandard",
    95: "XZ",
    98: "PPMd",
}
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_HTML_TAG = re.compile(
    r"<(!doctype\s+html|html|head|body|table|meta|script|div|title|form)(?=[\s/>])", re.IGNORECASE
)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_RARE_CONTROL_CHARACTERS = 0.01  # the share of them that a text may have
_FREE_SECTOR = 0xFFFFFFFF  # the entry of an unused sector in the sector allocation table
_OLE_HEADER_SIZE = 512


def detect_file_kind(path: Path, limits: Limits) -> str:
    """Return xls, xlsx, zip, html, spreadsheetml, csv or json.

    Raise WorkbookError for any other file, and for one that is empty, encrypted or too large.
    """
    size = path.stat().st_size
    if size == 0:
        raise WorkbookError("empty")
    if size > limits.bytes:
        raise WorkbookError("too_large", bytes=size, limit=limits.bytes)
    with path.open("rb") as file:
        start = file.read(DETECTION_SIZE)
        if start.startswith(OLE_SIGNATURE):
            return _detect_ole_kind(file, start, size)
        if start.startswith(_ZIP_SIGNATURES):
            return _detect_zip_kind(file, limits)
        if _is_bare_biff(start):
            return "xls"
    return _detect_text_kind(path)


def _is_bare_biff(start: bytes) -> bool:
    """Return whether the file is a BIFF stream (version 2 to 8) without an OLE container.

    Such a stream begins with the record BOF: its type, version and size are checked.
    """
    return (
        start[:1] == b"\x09"
        and start[1:2] in (b"\x00", b"\x02", b"\x04", b"\x08")
        and 4 <= start[2] <= 16
    )


def _detect_ole_kind(file: BinaryIO, start: bytes, size: int) -> str:
    """Return xls for an OLE container ([MS-CFB]).

    Raise WorkbookError if it is truncated or corrupt.
    """
    if len(start) < _OLE_HEADER_SIZE:
        raise WorkbookError("truncated", bytes=size)
    sector_shift = int.from_bytes(start[30:32], "little")  # the sector size is 2 ** sector_shift
    if sector_shift not in (9, 12):
        raise WorkbookError("corrupt", cause="sector size")
    sector_size = 1 << sector_shift
    missing = _find_ole_end(file, start, sector_size) - size
    if missing >= sector_size:  # the last sector itself may be short
        raise WorkbookError("truncated", bytes=size, missing=missing)
    return "xls"


def _find_ole_end(file: BinaryIO, start: bytes, sector_size: int) -> int:
    """Return the size that the file must have: the end of its last used sector.

    The sector allocation table says which sectors are used; each of its own sectors holds the
    entries of many others. Sector 0 comes after the header, which takes the size of one sector.
    """
    last_sector = 0
    # The header lists up to 109 sectors of the table.
    table_sectors: tuple[int, ...] = struct.unpack_from("<109I", start, 76)
    table_count = int.from_bytes(start[44:48], "little")
    for number, table_sector in enumerate(table_sectors[:table_count]):
        file.seek((table_sector + 1) * sector_size)
        table = file.read(sector_size)
        if len(table) < sector_size:  # the file ends within or before the table itself
            return (table_sector + 2) * sector_size
        used_entries = [
            entry
            for entry, (state,) in enumerate(struct.iter_unpack("<I", table))
            if state != _FREE_SECTOR
        ]
        if used_entries:
            entries_per_sector = sector_size // 4
            last_sector = number * entries_per_sector + used_entries[-1]
    return (last_sector + 2) * sector_size


def _detect_zip_kind(file: BinaryIO, limits: Limits) -> str:
    """Return xlsx, or zip for a zip of files. Raise WorkbookError for .xlsb, .ods, an empty zip."""
    with open_limited_zip(file, limits) as archive:
        names = {
            name.replace("\\", "/").removeprefix("./").lstrip("/").lower()
            for name in archive.namelist()
        }
        if not names:
            raise WorkbookError("empty")
        if "xl/workbook.bin" in names or "content.xml" in names:
            raise WorkbookError("unknown", kind="xlsb" if "xl/workbook.bin" in names else "ods")
        if not names & {"[content_types].xml", "xl/workbook.xml"}:
            return "zip"
        for info in archive.infolist():
            check_member_readable(info)
        return "xlsx"


def open_limited_zip(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """Open a zip. Raise WorkbookError if it is corrupt or too large when unpacked.

    The sizes that the zip states can be trusted: zipfile never unpacks more bytes than they say.
    """
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        code: Code = "truncated" if "not a zip file" in str(error) else "corrupt"
        raise WorkbookError(code, cause=str(error)) from error
    size = sum(info.file_size for info in archive.infolist())
    if size > limits.uncompressed:
        raise WorkbookError("bomb", bytes=size, limit=limits.uncompressed)
    return archive


def check_member_readable(info: zipfile.ZipInfo) -> None:
    """Raise WorkbookError if a zip member is encrypted, or compressed in a way not read here."""
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise WorkbookError("encrypted")
    if info.compress_type not in _READ_COMPRESSIONS:
        method = _COMPRESSION_NAMES.get(info.compress_type, str(info.compress_type))
        raise WorkbookError("compression", method=method)


def _detect_text_kind(path: Path) -> str:
    """Return html, spreadsheetml, csv or json for a text file; raise WorkbookError for others."""
    try:
        with path.open(encoding=detect_encoding(path), errors="replace", newline="") as file:
            start = file.read(DETECTION_SIZE).lstrip("\ufeff \t\r\n")
    except UnicodeError as error:
        raise WorkbookError("unknown") from error
    if not start:
        raise WorkbookError("empty")
    if start.startswith("<"):
        return _detect_markup_kind(start)
    if start[0] in "{[":
        if is_own_json(start):
            return "json"
        raise WorkbookError("unknown", kind="json")
    if _has_many_control_characters(start) or not detect_dialect(start):
        raise WorkbookError("unknown")
    return "csv"


def _has_many_control_characters(text: str) -> bool:
    """Return whether a text has so many control characters that it is none."""
    return len(_CONTROL_CHARACTER.findall(text)) > len(text) * _RARE_CONTROL_CHARACTERS + 1


def _detect_markup_kind(start: str) -> str:
    """Return html or spreadsheetml for a text that begins with `<`.

    Raise WorkbookError for other XML, such as an error document of OSS in place of the file.
    """
    is_office_xml = "urn:schemas-microsoft-com:office:spreadsheet" in start
    if is_office_xml and re.search(r"<(\w+:)?Workbook\b", start):
        return "spreadsheetml"
    code = re.search(r"<Code>([\w.-]{1,80})</Code>", start)
    if code and re.search(r"<Error(\s[^>]*)?>", start):
        request = re.search(r"<RequestId>([\w-]{1,80})</RequestId>", start)
        request_id = request[1] if request else ""
        raise WorkbookError("oss_error", oss_code=code[1], request_id=request_id)
    if _HTML_TAG.search(start):
        return "html"
    raise WorkbookError("bomb" if "<!ENTITY" in start else "unknown")
