"""The records of .xls files (BIFF): their types, and how to go from one to the next.

A record has 2 bytes for its type, 2 for the size of its body, and the body. Layouts: [MS-XLS] 2.4,
https://learn.microsoft.com/en-us/openspecs/office_file_formats/ms-xls/, and for the versions before
Excel 97 https://www.openoffice.org/sc/excelfileformat.pdf
"""

from collections.abc import Iterator
from struct import Struct

HEADER_SIZE = 4
unpack_header = Struct("<HH").unpack_from  # record type, size of the body

BOF_TYPES = frozenset((0x0009, 0x0209, 0x0409, 0x0809))  # of BIFF2, 3, 4, and 5 to 8
EOF = 0x000A
CONTINUE = 0x003C
UNICODE_VERSION = 8  # the first version whose texts are Unicode
GLOBALS_VERSION = 5  # the first version that keeps its sheets apart from what they share


def read_record_bodies(stream: bytes, position: int) -> list[bytes]:
    """Return the body of the record at `position`, and the bodies of its CONTINUE records."""
    parts: list[bytes] = []
    while position + HEADER_SIZE <= len(stream):
        record_type, size = unpack_header(stream, position)
        if parts and record_type != CONTINUE:
            break
        body = position + HEADER_SIZE
        position = body + size
        parts.append(stream[body:position])
    return parts


def iterate_records(stream: bytes, position: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield (type, position, body) of each record from `position` to the end of the stream."""
    while position + HEADER_SIZE <= len(stream):
        record_type, size = unpack_header(stream, position)
        body = position + HEADER_SIZE
        yield record_type, position, stream[body : body + size]
        position = body + size


def skip_record(stream: bytes, position: int) -> int:
    """Return the position of the record after the one at `position`."""
    _type, size = unpack_header(stream, position)
    return position + HEADER_SIZE + int(size)


def skip_substream(stream: bytes, position: int) -> int:
    """Return the position after the EOF of a substream, such as a chart on a sheet.

    `position` is that of the record after its BOF.
    """
    depth = 1
    for record_type, start, body in iterate_records(stream, position):
        if record_type in BOF_TYPES:
            depth += 1
        elif record_type == EOF:
            depth -= 1
            if not depth:
                return start + HEADER_SIZE + len(body)
    return len(stream)
