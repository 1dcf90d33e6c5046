"""Files below a folder."""

from collections.abc import Iterator
from pathlib import Path


def list_files(path: Path) -> Iterator[Path]:
    """A file, or all files of a folder and of those in it; hidden ones are left out."""
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith("."):
                yield from list_files(child)
    elif path.is_file():
        yield path
