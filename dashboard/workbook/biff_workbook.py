"""Read what the sheets of an .xls file (BIFF) share: names, texts, formats, encoding.

From BIFF5 on this stands before all sheets. Older files have one sheet, or several one after
another, and each has its own formats.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from .biff_encryption import decrypt_stream
from .biff_records import (
    BOF_TYPES,
    EOF,
    GLOBALS_VERSION,
    UNICODE_VERSION,
    iterate_records,
    read_record_bodies,
    skip_record,
)
from .biff_strings import read_sheet_name, read_string_table, read_unicode_text
from .errors import WorkbookError
from .number_formats import BUILTIN_DATE_FORMATS, is_date_format
from .text_encoding import REPLACEMENT, choose_encoding

_CODEPAGE, _DATEMODE, _FILEPASS, _SST, _BOUNDSHEET, _SHEETHDR = 66, 34, 47, 252, 133, 143
_FORMAT_TYPES = frozenset((0x001E, 0x041E))  # up to BIFF3, and from BIFF4 on
_XF_TYPES = frozenset((0x0043, 0x0243, 0x0443, 0x00E0))  # of BIFF2, 3, 4, and 5 to 8
# Where the text stands in records of texts, and how many bytes its size takes.
_TEXT_PLACES = {0x0004: (7, 1), 0x0204: (6, 2), 0x00D6: (6, 2), 0x0007: (0, 1), 0x0207: (0, 2)}
_SAMPLE_TEXTS = 500  # so many texts are examined to find the encoding
_BIFF8_NUMBER = 0x0600
_VERSION_BY_BOF = {0x0009: 2, 0x0209: 3, 0x0409: 4}
_GLOBALS, _WORKSHEET, _MACRO_SHEET = 0x0005, 0x0010, 0x0040  # what a substream holds
_CELL_SHEET_TYPES = frozenset((0, 1))  # worksheets and macro sheets in BOUNDSHEET
_CODEPAGES_BY_NUMBER = {
    1200: "utf-16-le",
    367: "ascii",
    10000: "mac-roman",
    10006: "mac-greek",
    10007: "mac-cyrillic",
    10029: "mac-latin2",
    10081: "mac-turkish",
    32768: "mac-roman",
    32769: "cp1252",
}


@dataclass
class Formats:
    """The number formats and the cell formats of a sheet or of a whole workbook."""

    texts: dict[int, str] = field(default_factory=dict)
    cell_formats: list[int] = field(default_factory=list)  # the number format of each cell format

    def list_dates(self) -> list[bool]:
        """Return for each cell format whether it shows a date."""
        return [self.is_date(number) for number in self.cell_formats]

    def is_date(self, number: int) -> bool:
        """Return whether the number format with this number shows a date."""
        text = self.texts.get(number)
        return number in BUILTIN_DATE_FORMATS if text is None else is_date_format(text)


@dataclass
class BiffSheet:
    """A sheet that the workbook names; `start` is the position of its BOF record."""

    name: str
    is_hidden: bool
    start: int
    has_cells: bool  # false for a chart and a module of a program
    formats: Formats


@dataclass
class BiffWorkbook:
    """A workbook; `stream` holds all its records, decrypted."""

    stream: bytes
    version: int  # of BIFF: 2, 3, 4, 5 (also 7) or 8
    has_globals: bool  # records that all sheets share stand before them
    encoding: str = "utf-16-le"  # of all texts before BIFF8
    is_1904: bool = False  # dates are days since 1904 instead of 1900
    strings: list[str | None] = field(default_factory=list)
    sheets: list[BiffSheet] = field(default_factory=list)

    @cached_property
    def longest_text(self) -> int:
        """The size of the longest shared text."""
        return max((len(text) for text in self.strings if text), default=0)

    @cached_property
    def has_lost_characters(self) -> bool:
        """Whether a shared text has bytes that are no characters."""
        return any(REPLACEMENT in text for text in self.strings if text)

    def decode_text(self, text: bytes) -> str:
        """Return a text of a version before BIFF8."""
        return text.decode(self.encoding, "replace")


def read_workbook(stream: bytes) -> BiffWorkbook:
    """Return a workbook. Raise WorkbookError if it has no sheet, or asks for a password."""
    try:
        record_type, _size = struct.unpack_from("<HH", stream)
        version, content = _read_bof(record_type, stream[4:])
    except struct.error as error:
        raise WorkbookError("corrupt", cause="BOF") from error
    stream = _decrypt(stream, version)
    has_globals = version >= GLOBALS_VERSION and content == _GLOBALS
    workbook = BiffWorkbook(stream, version, has_globals)
    if version < UNICODE_VERSION:
        workbook.encoding = _find_encoding(stream, version)
    if has_globals:
        _read_globals(workbook)
    else:
        _read_sheets_without_globals(workbook)
    if not workbook.sheets:
        raise WorkbookError("corrupt", cause="no sheet")
    return workbook


def _read_bof(record_type: int, body: bytes) -> tuple[int, int]:
    """Return (version, content) of a BOF record. Raise WorkbookError if it is none.

    Some programs write a wrong version into the BOF of BIFF5: only that of BIFF8 counts.
    """
    number, content = struct.unpack_from("<HH", body)
    if record_type not in BOF_TYPES:
        raise WorkbookError("corrupt", cause="BOF")
    newer_version = UNICODE_VERSION if number == _BIFF8_NUMBER else GLOBALS_VERSION
    return _VERSION_BY_BOF.get(record_type, newer_version), content


def _decrypt(stream: bytes, version: int) -> bytes:
    """Return the stream without encryption. Raise WorkbookError if it needs a password."""
    for record_type, _position, body in iterate_records(stream, 0):
        if record_type == _FILEPASS:
            return decrypt_stream(stream, body, version)
        if record_type == EOF:
            break
    return stream


def _read_globals(workbook: BiffWorkbook) -> None:
    """Read the records before the first sheet. What is damaged in them is left out."""
    formats = Formats()
    first_record = skip_record(workbook.stream, 0)
    for record_type, position, body in iterate_records(workbook.stream, first_record):
        if record_type == EOF:
            break
        with suppress(struct.error, IndexError):
            if record_type == _SST:
                parts = read_record_bodies(workbook.stream, position)
                workbook.strings = read_string_table(parts)
            elif record_type == _BOUNDSHEET:
                workbook.sheets.append(_read_boundsheet(workbook, body, formats))
            else:
                _read_shared_record(workbook, formats, record_type, body)


def _read_boundsheet(workbook: BiffWorkbook, body: bytes, formats: Formats) -> BiffSheet:
    start, visibility, sheet_type = struct.unpack_from("<IBB", body)
    if workbook.version >= UNICODE_VERSION:
        name = read_sheet_name(body, 6)
    else:
        name = workbook.decode_text(body[7 : 7 + body[6]])
    return BiffSheet(name, bool(visibility & 3), start, sheet_type in _CELL_SHEET_TYPES, formats)


def _read_sheets_without_globals(workbook: BiffWorkbook) -> None:
    """Find the sheets in a stream that has no records before them."""
    name = ""
    formats = Formats()
    depth = 0
    for record_type, position, body in iterate_records(workbook.stream, 0):
        if record_type in BOF_TYPES and len(body) >= 4:
            _version, content = _read_bof(record_type, body)
            is_sheet = content in (_WORKSHEET, _MACRO_SHEET)
            if is_sheet and not depth:
                formats = Formats()
                sheet = BiffSheet(name, False, position, has_cells=True, formats=formats)
                workbook.sheets.append(sheet)
            depth += is_sheet or depth > 0
        elif record_type == EOF:
            depth = max(depth - 1, 0)
        elif record_type == _SHEETHDR:
            name = workbook.decode_text(body[5 : 5 + body[4]]) if len(body) > 4 else ""
        else:
            with suppress(struct.error, IndexError):
                _read_shared_record(workbook, formats, record_type, body)


def _read_shared_record(
    workbook: BiffWorkbook, formats: Formats, record_type: int, body: bytes
) -> None:
    """Read a record of formats or dates; ignore any other. Raise struct.error if it is cut."""
    if record_type == _DATEMODE:
        workbook.is_1904 = bool(struct.unpack_from("<H", body)[0])
    elif record_type in _FORMAT_TYPES:
        number, text = _read_format(workbook, record_type, body, len(formats.texts))
        formats.texts[number] = text
    elif record_type in _XF_TYPES:
        formats.cell_formats.append(_read_cell_format(record_type, body))


def _read_format(
    workbook: BiffWorkbook, record_type: int, body: bytes, count: int
) -> tuple[int, str]:
    """Return (number, text) of a number format; before BIFF5 they are numbered in order."""
    if workbook.version >= UNICODE_VERSION:
        (number,) = struct.unpack_from("<H", body)
        return number, read_unicode_text([body], 2)
    text_start = 0 if record_type == 0x001E and workbook.version < GLOBALS_VERSION else 2
    number = count
    if workbook.version >= GLOBALS_VERSION:
        (number,) = struct.unpack_from("<H", body)
    return number, workbook.decode_text(body[text_start + 1 :][: body[text_start]])


def _read_cell_format(record_type: int, body: bytes) -> int:
    """Return the number of the number format of a cell format."""
    if record_type == 0x00E0:
        return int(struct.unpack_from("<H", body, 2)[0])
    return body[2] & 0x3F if record_type == 0x0043 else body[1]


def _find_encoding(stream: bytes, version: int) -> str:
    """Return the encoding of the texts of a workbook before BIFF8.

    It is the one in which known heads appear; the code page that the file states is the first one
    tried. Programs of Chinese systems often state none.
    """
    declared = ""
    for record_type, _position, body in iterate_records(stream, 0):
        if record_type == _CODEPAGE and len(body) >= 2:
            number = int.from_bytes(body[:2], "little")
            declared = _CODEPAGES_BY_NUMBER.get(number, f"cp{number}")
            break
    texts = []
    for text in _iterate_texts(stream, version):
        texts.append(text)
        if len(texts) == _SAMPLE_TEXTS:
            break
    return choose_encoding(texts, declared)


def _iterate_texts(stream: bytes, version: int) -> Iterator[bytes]:
    """Yield the names of the sheets and the texts of the cells, not decoded."""
    for record_type, _position, body in iterate_records(stream, 0):
        if record_type in _TEXT_PLACES:
            yield read_byte_text(body, *_TEXT_PLACES[record_type])
        elif record_type == _BOUNDSHEET and version >= GLOBALS_VERSION:
            yield body[7:]
        elif record_type == _SHEETHDR:
            yield body[5:]


def read_byte_text(body: bytes, start: int, size_bytes: int) -> bytes:
    """Return a text of a version before BIFF8; its size stands before it.

    A text whose size is wrong ends with the record.
    """
    size = int.from_bytes(body[start : start + size_bytes], "little")
    return body[start + size_bytes :][:size]
