"""The report files that imports are tested with."""

from tests.imports.conftest import files

__all__ = ["files"]
