"""Chunks: the groups of rows in which a sheet is converted and stored."""

from collections.abc import Iterator
from itertools import islice

from .cells import Cell, cell_to_text
from .errors import WorkbookError
from .limits import MIB
from .stored_form import CHUNK_ROWS

_MAXIMUM_TEXT = 64 * MIB  # characters of a chunk


def split_into_chunks(rows: Iterator[list[Cell]]) -> Iterator[list[list[Cell]]]:
    """Yield the rows in lists of CHUNK_ROWS, without the empty rows at the end of the sheet.

    A chunk is yielded only after the next one with cells, because it may be the last.
    """
    waiting_chunk: list[list[Cell]] = []
    empty_chunks = 0  # between the waiting chunk and the next one
    while chunk := list(islice(rows, CHUNK_ROWS)):
        chunk = [row if any(cell is not None for cell in row) else [] for row in chunk]
        if not any(chunk):
            empty_chunks += 1
            continue
        if waiting_chunk:
            yield waiting_chunk
        for _ in range(empty_chunks):
            yield [[] for _ in range(CHUNK_ROWS)]
        waiting_chunk, empty_chunks = chunk, 0
    while waiting_chunk and not waiting_chunk[-1]:
        waiting_chunk.pop()
    if waiting_chunk:
        yield waiting_chunk


def remove_nul(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Return the rows with texts without NUL, which databases refuse."""
    return [[cell_to_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def check_text_size(rows: list[list[Cell]], cell_count: int, longest_shared_text: int) -> None:
    """Raise WorkbookError if the texts of a chunk take far more memory than the file.

    Only texts that many cells share can do so: `longest_shared_text` is the size of the longest.
    """
    if longest_shared_text * cell_count <= _MAXIMUM_TEXT:
        return
    size = sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
    if size > _MAXIMUM_TEXT:
        raise WorkbookError("bomb", cause="long texts", bytes=size, limit=_MAXIMUM_TEXT)
