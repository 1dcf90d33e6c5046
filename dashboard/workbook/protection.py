"""Take the protection off workbooks that are protected against changes only."""

from pathlib import Path

from .file_kinds import detect_file_kind
from .limits import Limits
from .office_encryption import decrypt_package
from .ole_streams import ENCRYPTED_PACKAGE


def detect_unprotected_kind(path: Path, target: Path, limits: Limits) -> tuple[str, Path]:
    """Return the kind of a file, and the path of the file to read.

    That is `target` for a protected .xlsx, which is decrypted there; else it is `path`. Raise
    WorkbookError as detect_file_kind does, and for a workbook that asks for a password.
    """
    kind = detect_file_kind(path, limits)
    if kind != "xls":
        return kind, path
    content = path.read_bytes()
    # The names of streams are in UTF-16; this is quicker than reading the whole directory.
    if ENCRYPTED_PACKAGE.encode("utf-16-le") not in content:
        return kind, path
    package = decrypt_package(content)
    if package is None:
        return kind, path
    target.write_bytes(package)
    return detect_file_kind(target, limits), target
