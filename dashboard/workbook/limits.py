"""How much of the machine one file may take."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Limits on the reading of one file; `memory` bounds the child's address space."""

    seconds: int = 300
    memory: int = 1024 * MIB
    cells: int = 20_000_000
    bytes: int = 200 * MIB
    uncompressed: int = 2048 * MIB
    members: int = 200
