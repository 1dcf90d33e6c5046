"""Create and open stored forms.

A stored form is the contents that were read from an original file. It is kept in the same storage
as the original, under `readings/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.files.storage import default_storage

from dashboard import workbook
from dashboard.archive.originals import open_local_copy, save_under_name, temporary_folder
from dashboard.models import Report


@contextmanager
def open_stored_form(report: Report) -> Iterator[workbook.StoredForm]:
    """Open the stored form of a report's file; create it first if it does not exist.

    Raises WorkbookError if the original cannot be read.
    """
    ensure_stored_form(report)
    with (
        default_storage.open(get_stored_form_name(report)) as file,
        workbook.StoredForm(file) as stored_form,
    ):
        yield stored_form


def build_reader_limits() -> workbook.Limits:
    """Return the time and size limits of the settings for reading one file."""
    return workbook.Limits(seconds=settings.READ_LIMIT_SECONDS, bytes=settings.FILE_LIMIT_BYTES)


def ensure_stored_form(report: Report, replace: bool = False) -> None:
    """Read a report's original and save its stored form.

    Do nothing if the stored form exists, unless `replace` is true. Raises WorkbookError.
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
    """Return the name of the report's stored form in the storage.

    The name contains everything that the stored form depends on: the original's hash, the account
    (the file itself may not state it), and the versions of the reader and of the stored form.
    """
    sha256 = report.require_original().sha256
    version = f"{report.pack.account.uid}-{workbook.READER_VERSION}.{workbook.FORM_VERSION}"
    return f"readings/{sha256[:2]}/{sha256}-{version}.zip"
