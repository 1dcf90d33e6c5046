"""The parts of an .xlsx file: find them by name, and follow their relationships.

Names of parts compare without case. Programs also write them with backslashes.
"""

import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import unquote

from .errors import WorkbookError, is_machine_error
from .xml_elements import read_elements

# What zipfile and the decompressors raise for bytes that are not as the zip describes them.
_DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
)


class Relationship(NamedTuple):
    """A part that another part refers to; `part` is None if the file has no such part.

    `kind` is the last word of the relationship's type, such as "worksheet".
    """

    id: str
    kind: str
    part: str | None


class XlsxPackage:
    """An open .xlsx file. A part is known by the name of its zip member."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._exact_names: dict[str, str] = {}
        self._folded_names: dict[str, str] = {}
        for member in archive.namelist():
            name = _normalise_slashes(member)
            self._exact_names.setdefault(name, member)
            self._folded_names.setdefault(name.casefold(), member)

    def find_part(self, name: str) -> str | None:
        """Return the part with this name; one with another case if no name is the same."""
        name = _normalise_slashes(name)
        return self._exact_names.get(name) or self._folded_names.get(name.casefold())

    @contextmanager
    def open_part(self, part: str) -> Iterator[IO[bytes]]:
        """Open a part for reading. Reading it raises WorkbookError if its bytes are damaged."""
        try:
            with self._archive.open(part) as file:
                yield file
        except _DAMAGE_ERRORS as error:
            if is_machine_error(error):
                raise
            raise WorkbookError("corrupt", cause="damaged part", part=part) from error

    def find_workbook_part(self) -> str:
        """Return the part that names the sheets. Raise WorkbookError if the file is no workbook."""
        part = None
        try:
            for relationship in self.list_relationships(""):
                if relationship.kind == "officedocument":
                    part = part or relationship.part
        except WorkbookError:
            pass  # the usual name is tried
        part = part or self.find_part("xl/workbook.xml")
        if part is None:
            raise WorkbookError("unknown", kind="package without a workbook")
        return part

    def list_relationships(self, part: str) -> list[Relationship]:
        """Return the relationships of a part, or those of the whole file for the part ""."""
        folder, name = posixpath.split(_normalise_slashes(part))
        relationships_part = self.find_part(posixpath.join(folder, "_rels", f"{name}.rels"))
        if relationships_part is None:
            return []
        with self.open_part(relationships_part) as file:
            return [
                Relationship(
                    element.get("Id") or "",
                    (element.get("Type") or "").rpartition("/")[2].lower(),
                    self._find_target(folder, element.get("Target") or ""),
                )
                for element in read_elements(file, "{*}Relationship")
            ]

    def _find_target(self, folder: str, target: str) -> str | None:
        """Return the part that a target names, as seen from a folder.

        Some programs write a target from the root of the file without a slash before it.
        """
        target = target.replace("\\", "/")
        for text in (target, unquote(target)):
            for base in (folder, ""):
                path = posixpath.normpath(posixpath.join("/", base, text))
                if part := self.find_part(path):
                    return part
        return None


@contextmanager
def open_package(path: Path) -> Iterator[XlsxPackage]:
    """Open an .xlsx file for as long as the context lasts."""
    with zipfile.ZipFile(path) as archive:
        yield XlsxPackage(archive)


def _normalise_slashes(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").lstrip("/")
