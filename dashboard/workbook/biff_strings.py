"""Read the texts in records of .xls files.

A long record is split: its rest stands in CONTINUE records. A text may be split in the middle, and
its second part begins with a byte of its own that says how its characters are stored ([MS-XLS]
2.5.293, 2.5.294).
"""

from contextlib import suppress
from struct import Struct
from struct import error as StructError  # noqa: N812  the name of the exception is lower case

_unpack_text_start = Struct("<HB").unpack_from  # number of characters, options
_unpack_uint16 = Struct("<H").unpack_from
_unpack_uint32 = Struct("<I").unpack_from
_WIDE, _HAS_PHONETIC, _HAS_FORMATS = 0x01, 0x04, 0x08  # options
_FORMAT_SIZE = 4  # bytes of the format of a part of the text


def read_string_table(parts: list[bytes]) -> list[str | None]:
    """Return the shared texts of a workbook (SST), up to the first one that is damaged.

    `parts` are the bodies of the record and of its CONTINUE records. An empty text is None.
    """
    (count,) = _unpack_uint32(parts[0], 4)
    strings: list[str | None] = []
    reader = _SplitTextReader(parts, position=8)
    with suppress(StructError, IndexError):
        strings.extend(reader.read_text() or None for _ in range(count))
    return strings


def read_unicode_text(parts: list[bytes], position: int) -> str:
    """Return the text at this position of a split record. Raise struct.error if it is cut."""
    return _SplitTextReader(parts, position).read_text()


def read_sheet_name(body: bytes, position: int) -> str:
    """Return the text of a record whose number of characters takes one byte."""
    return read_unicode_text([body[position : position + 1] + b"\0" + body[position + 1 :]], 0)


class _SplitTextReader:
    """Reads the texts in the parts of a split record, one after another."""

    def __init__(self, parts: list[bytes], position: int) -> None:
        self._parts = parts
        self._number = 0  # of the current part
        self._part = parts[0]
        self._position = position

    def read_text(self) -> str:
        """Return the next text. Raise struct.error or IndexError if it is cut."""
        if self._position >= len(self._part):
            self._open_next_part()
        length, options = _unpack_text_start(self._part, self._position)
        self._position += 3
        extra_size = 0
        if options & (_HAS_FORMATS | _HAS_PHONETIC):
            extra_size = self._read_extra_size(options)
        end = self._position + (length * 2 if options & _WIDE else length)
        if end <= len(self._part):  # the usual case, a text that is not split
            text_bytes = self._part[self._position : end]
            self._position = end
            encoding = "utf-16-le" if options & _WIDE else "latin-1"
            text = text_bytes.decode(encoding, "replace")
        else:
            text = self._read_split_text(length, is_wide=bool(options & _WIDE))
        if extra_size:
            self._skip(extra_size)
        return text

    def _read_extra_size(self, options: int) -> int:
        """Return how many bytes of formats and of phonetic texts follow the text."""
        size = 0
        if options & _HAS_FORMATS:
            size = _unpack_uint16(self._part, self._position)[0] * _FORMAT_SIZE
            self._position += 2
        if options & _HAS_PHONETIC:
            size += _unpack_uint32(self._part, self._position)[0]
            self._position += 4
        return size

    def _read_split_text(self, length: int, *, is_wide: bool) -> str:
        """Return a text that continues in the next part, or in several."""
        # Decoded together: a character of four bytes may be split too.
        pieces = bytearray()
        while True:
            width = 2 if is_wide else 1
            available = (len(self._part) - self._position) // width
            size = min(available, length) * width
            piece = self._part[self._position : self._position + size]
            pieces += piece if is_wide else piece.decode("latin-1").encode("utf-16-le")
            self._position += size
            length -= size // width
            if not length:
                return pieces.decode("utf-16-le", "replace")
            self._open_next_part()
            is_wide = bool(self._part[0] & _WIDE)
            self._position = 1

    def _skip(self, size: int) -> None:
        self._position += size
        while self._position > len(self._part) and self._number + 1 < len(self._parts):
            rest = self._position - len(self._part)
            self._open_next_part()
            self._position = rest

    def _open_next_part(self) -> None:
        self._number += 1
        self._part = self._parts[self._number]
        self._position = 0
