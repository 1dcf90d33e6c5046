"""Read XML that is not well-formed, as some programs write it.

They write control characters, bytes that are no characters of UTF-8, and `&` as they stand. The
first two become U+FFFD, the third `&amp;`; everything else must be well-formed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import IO, cast

from lxml import etree

from .errors import WorkbookError
from .text_encoding import REPLACEMENT
from .xml_elements import read_elements

OpenFile = Callable[[], AbstractContextManager[IO[bytes]]]

_BLOCK_SIZE = 1 << 16  # bytes
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?:#(\d{1,7}|x[0-9A-Fa-f]{1,6});|(?:amp|lt|gt|quot|apos);)?")
_REFERENCE_SIZE = 12  # characters; no longer one is known
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)")


def read_repaired_elements(
    open_file: OpenFile, *tags: str
) -> Iterator[tuple[etree._Element, bool]]:
    """Yield what read_elements yields, and whether the XML had to be repaired for it.

    Raise WorkbookError behind the last element that can be read.
    """
    element_count = 0
    try:
        with open_file() as file:
            for element in read_elements(file, *tags):
                element_count += 1
                yield element, False
    except WorkbookError:
        with open_file() as file:
            repaired = cast("IO[bytes]", _RepairedFile(file))
            for number, element in enumerate(read_elements(repaired, *tags)):
                if number >= element_count:
                    yield element, True


class _RepairedFile:
    """A file of XML, repaired while it is read. One that is not in UTF-8 is left as it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._text = ""  # read, but not repaired yet
        self._start = file.read(_BLOCK_SIZE).lstrip(b" \t\r\n")
        declared = _DECLARED_ENCODING.match(self._start)
        encoding = declared[1].lower() if declared else b"utf-8"
        self._is_utf8 = encoding in (b"utf-8", b"utf8") and b"\0" not in self._start[:4]
        self._rest = b""  # the first bytes of a character

    def read(self, _size: int = -1) -> bytes:
        """Return the next bytes; b"" at the end of the file."""
        while True:
            block, self._start = self._start or self._file.read(_BLOCK_SIZE), b""
            if not self._is_utf8:
                return block
            text = self._text + self._decode(block)
            # A reference may go on in the next block.
            end = text.rfind("&", -_REFERENCE_SIZE) if block else -1
            self._text = text[end:] if end >= 0 else ""
            repaired = _repair_text(text[:end] if end >= 0 else text)
            if repaired or not block:
                return repaired.encode()

    def _decode(self, block: bytes) -> str:
        """Return the characters of a block; keep a character that goes on in the next block."""
        data = self._rest + block
        end = len(data)
        if block:
            for size in (1, 2, 3):  # bytes of a character that is not whole
                if data[-size:][:1] >= b"\xc0":
                    end -= size
                    break
        self._rest = data[end:]
        return data[:end].decode("utf-8", "replace")


def _repair_text(text: str) -> str:
    return _AMPERSAND.sub(_repair_reference, _CONTROL_CHARACTER.sub(REPLACEMENT, text))


def _repair_reference(match: re.Match[str]) -> str:
    """Return a reference, U+FFFD for one to no character, or `&amp;` for a mere `&`."""
    number = match[1]
    if number is None:
        return match[0] if len(match[0]) > 1 else "&amp;"
    code = int(number[1:], 16) if number.startswith("x") else int(number)
    is_character = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
    return match[0] if is_character or 0x10000 <= code < 0x110000 else REPLACEMENT
