"""Create and open stored forms.

A stored form is the contents that were read from an original file. It is kept in the same storage
as the original, under `readings/`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from dashboard import workbook
from dashboard.archive.location import get_incoming_folder, temporary_folder
from dashboard.archive.originals import open_local_copy, save_under_name
from dashboard.models import Original, Report


@contextmanager
def open_stored_form(report: Report) -> Iterator[workbook.StoredForm]:
    """Open the stored form of a report's file; create it first if it does not exist.

    Raises WorkbookError if the original cannot be read.
    """
    original, account_uid = report.require_original(), report.pack.account.uid
    with open_original_form(original, account_uid) as stored_form:
        yield stored_form


@contextmanager
def open_original_form(original: Original, account_uid: str) -> Iterator[workbook.StoredForm]:
    """Open the stored form of a file whose rows belong to the account if they name none.

    A stored form that is damaged is deleted and read from the original again. Raises WorkbookError,
    or DamagedFormError if the damage shows only after the form was opened: then try again.
    """
    name = get_original_form_name(original, account_uid)
    ensure_original_form(original, account_uid)
    with ExitStack() as stack:
        try:
            stored_form = stack.enter_context(open_form(name))
        except workbook.DamagedFormError:
            ensure_original_form(original, account_uid, replace=True)
            stored_form = stack.enter_context(open_form(name))
        try:
            yield stored_form
        except workbook.DamagedFormError:
            default_storage.delete(name)
            raise


@contextmanager
def open_form(name: str) -> Iterator[workbook.StoredForm]:
    """Open the stored form of this name. Raises DamagedFormError, FileNotFoundError."""
    with default_storage.open(name) as file, workbook.StoredForm(file) as stored_form:
        yield stored_form


def build_reader_limits() -> workbook.Limits:
    """Return the time and size limits of the settings for reading one file."""
    return workbook.Limits(seconds=settings.READ_LIMIT_SECONDS, bytes=settings.FILE_LIMIT_BYTES)


def read_file(source: Path, target: Path, account_uid: str = "") -> None:
    """Read a file under the limits of the settings; `target` lies on the archive's disk.

    Raises WorkbookError.
    """
    workbook.read_file(
        source,
        target,
        account=account_uid,
        limits=build_reader_limits(),
        work_folder=get_incoming_folder(),
    )


def ensure_stored_form(report: Report, replace: bool = False) -> None:
    """Read a report's original and save its stored form.

    Do nothing if the stored form exists, unless `replace` is true. Raises WorkbookError.
    """
    ensure_original_form(report.require_original(), report.pack.account.uid, replace)


def ensure_original_form(original: Original, account_uid: str, replace: bool = False) -> None:
    """Read a file for an account and store its contents.

    Do nothing if they are stored already, unless `replace` is true. Raises WorkbookError.
    """
    name = get_original_form_name(original, account_uid)
    if default_storage.exists(name) and not replace:
        return
    with temporary_folder() as folder, open_local_copy(original) as source:
        target = folder / "reading"
        read_file(source, target, account_uid)
        if replace:
            default_storage.delete(name)
        save_under_name(target, name)


def get_stored_form_name(report: Report) -> str:
    """Return the name of the report's stored form in the storage."""
    return get_original_form_name(report.require_original(), report.pack.account.uid)


def get_original_form_name(original: Original, account_uid: str) -> str:
    """Return the name of a stored form in the storage.

    The name contains everything that the stored form depends on: the original's hash, the account
    (the file itself may not state it), and the versions of the reader and of the stored form.
    """
    sha256 = original.sha256
    version = f"{account_uid}-{workbook.READER_VERSION}.{workbook.FORM_VERSION}"
    return f"readings/{sha256[:2]}/{sha256}-{version}.zip"
