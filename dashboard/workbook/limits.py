"""Limits on the memory, time and size of one file, and the maximum size of a sheet."""

from dataclasses import dataclass

MIB = 1024 * 1024
XLS_ROWS = 65_536  # the maximum of a BIFF8 sheet
# The maximum of a sheet in .xlsx and in SpreadsheetML.
XLSX_ROWS, XLSX_COLUMNS = 1_048_576, 16_384


@dataclass(frozen=True)
class Limits:
    """Limits on reading one file.

    `memory` is the maximum address space of the reader process in bytes. `bytes` is the maximum
    size of the file, `uncompressed` the maximum total size of the unpacked members of a zip, or of
    the unpacked evaluation results beside the file, of which `result_rows` are read at most.
    """

    seconds: int = 300
    memory: int = 1024 * MIB
    cells: int = 20_000_000
    bytes: int = 200 * MIB
    uncompressed: int = 2048 * MIB
    members: int = 200
    result_rows: int = 2_000_000
