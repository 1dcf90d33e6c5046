"""Write streams of .xls files of any version, record by record."""

import struct
from collections.abc import Iterable, Sequence

from dashboard.workbook.biff_encryption import decrypt_stream

EOF = struct.pack("<HH", 0x0A, 0)


def make_record(record_type: int, body: bytes) -> bytes:
    return struct.pack("<HH", record_type, len(body)) + body


def make_bof(version: int, content: int, record_type: int = 0x0809) -> bytes:
    return make_record(record_type, struct.pack("<HHHH", version, content, 0x0DBB, 0x07CC))


def make_labels(table: Iterable[Sequence[str]], encoding: str) -> bytes:
    """Return a LABEL record of BIFF3 to BIFF7 for each text."""
    return b"".join(
        make_record(
            0x0204,
            struct.pack("<HHHH", row, column, 0, len(text.encode(encoding)))
            + text.encode(encoding),
        )
        for row, cells in enumerate(table)
        for column, text in enumerate(cells)
    )


def make_old_labels(table: Iterable[Sequence[str]], encoding: str) -> bytes:
    """Return a LABEL record of BIFF2 for each text."""
    return b"".join(
        make_record(
            0x0004,
            struct.pack("<HH3sB", row, column, bytes(3), len(text.encode(encoding)))
            + text.encode(encoding),
        )
        for row, cells in enumerate(table)
        for column, text in enumerate(cells)
    )


def make_workbook(
    sheets: Sequence[tuple[str, int, bytes]],
    version: int = 0x0500,
    encoding: str = "gb18030",
    shared_records: bytes = b"",
) -> bytes:
    """Return a BIFF5 or BIFF8 stream of sheets, each with its name, its type and its records."""
    names = [_encode_name(name, version, encoding) for name, _type, _records in sheets]
    globals_size = 12 + len(shared_records) + sum(4 + 6 + len(name) for name in names) + 4
    position = globals_size
    boundsheets, substreams = b"", b""
    for name, (_name, sheet_type, records) in zip(names, sheets, strict=True):
        substream = make_bof(version, 0x0010) + records
        boundsheets += make_record(0x0085, struct.pack("<IBB", position, 0, sheet_type) + name)
        substreams += substream
        position += len(substream)
    return make_bof(version, 0x0005) + shared_records + boundsheets + EOF + substreams


def _encode_name(name: str, version: int, encoding: str) -> bytes:
    if version == 0x0600:
        return bytes([len(name), 1]) + name.encode("utf-16-le")
    return bytes([len(name.encode(encoding))]) + name.encode(encoding)


def encrypt_stream(stream: bytes, filepass: bytes, version: int) -> bytes:
    """Return the stream encrypted as FILEPASS says; RC4 is its own inverse."""
    bof_end = 4 + int.from_bytes(stream[2:4], "little")
    with_filepass = stream[:bof_end] + make_record(0x2F, filepass) + stream[bof_end:]
    return decrypt_stream(with_filepass, filepass, version)
