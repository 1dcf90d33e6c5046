"""Read streams of an OLE container ([MS-CFB]), the file format around .xls."""

import os
from pathlib import Path

from xlrd.compdoc import CompDoc

from .errors import WorkbookError

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage"  # the stream of an encrypted .xlsx


def read_stream(container: bytes, *names: str) -> bytes | None:
    """Return the content of the first of these streams that the container has; None if none.

    Raise WorkbookError if the container is damaged.
    """
    try:
        with Path(os.devnull).open("w") as null_file:
            directory = CompDoc(container, logfile=null_file, ignore_workbook_corruption=True)
            for name in names:
                memory, start, size = directory.locate_named_stream(name)
                if memory is not None:
                    return bytes(memory[start : start + size])
    except MemoryError:
        raise
    except Exception as error:  # CompDocError, and IndexError or struct.error for wrong numbers
        raise WorkbookError("corrupt", cause="OLE container") from error
    return None
