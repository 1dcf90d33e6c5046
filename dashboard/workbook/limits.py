"""How much of the machine one file may take, and how large a sheet may be."""

from dataclasses import dataclass

MIB = 1024 * 1024
XLS_ROWS = 65_536  # of a BIFF8 sheet
XLSX_ROWS, XLSX_COLUMNS = 1_048_576, 16_384  # of a sheet of .xlsx and of SpreadsheetML


@dataclass(frozen=True)
class Limits:
    """Limits on reading one file; `memory` bounds the address space of the reader process."""

    seconds: int = 300
    memory: int = 1024 * MIB
    cells: int = 20_000_000
    bytes: int = 200 * MIB
    uncompressed: int = 2048 * MIB
    members: int = 200
