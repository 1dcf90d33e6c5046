"""Readings: the contents that were read from each original, stored beside it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.files.storage import default_storage

from dashboard import workbook
from dashboard.archive.originals import open_local_copy, save_under_name, temporary_folder
from dashboard.models import Report


@contextmanager
def open_stored_form(report: Report) -> Iterator[workbook.StoredForm]:
    """Open the reading of a report's file. Reads the original first if there is no reading.

    Raises WorkbookError.
    """
    ensure_stored_form(report)
    with (
        default_storage.open(get_stored_form_name(report)) as file,
        workbook.StoredForm(file) as reading,
    ):
        yield reading


def build_reader_limits() -> workbook.Limits:
    """Return the limits of time and size for reading a file."""
    return workbook.Limits(seconds=settings.READ_LIMIT_SECONDS, bytes=settings.FILE_LIMIT_BYTES)


def ensure_stored_form(report: Report, replace: bool = False) -> None:
    """Read a report's original and store the reading, if there is none or `replace` is true.

    Raises WorkbookError.
    """
    name = get_stored_form_name(report)
    if default_storage.exists(name) and not replace:
        return
    with temporary_folder() as folder, open_local_copy(report.require_original()) as source:
        target = folder / "reading"
        workbook.read_file(
            source, target, account=report.pack.account.uid, limits=build_reader_limits()
        )
        if replace:
            default_storage.delete(name)
        save_under_name(target, name)


def get_stored_form_name(report: Report) -> str:
    """Return the reading's name in the storage.

    A reading depends on the original's bytes, on the account (a file may not state it), and on the
    versions of the reader and of the stored form.
    """
    sha256 = report.require_original().sha256
    version = f"{report.pack.account.uid}-{workbook.READER_VERSION}.{workbook.FORM_VERSION}"
    return f"readings/{sha256[:2]}/{sha256}-{version}.zip"
