"""The stored form of each original, beside it in the storage."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.files.storage import default_storage

from dashboard import workbook
from dashboard.archive.originals import open_local_copy, save_under_name, temporary_folder
from dashboard.models import Report


@contextmanager
def open_reading(report: Report) -> Iterator[workbook.Reading]:
    """The stored form of a report's file; read anew from the original where it is missing."""
    ensure_reading(report)
    with default_storage.open(reading_name(report)) as file, workbook.Reading(file) as opened:
        yield opened


def reading_limits() -> workbook.Limits:
    """What reading a file may take."""
    return workbook.Limits(seconds=settings.READ_LIMIT_SECONDS, bytes=settings.FILE_LIMIT_BYTES)


def ensure_reading(report: Report, anew: bool = False) -> None:
    """Makes the stored form of a report's file, unless it is there, or `anew` all the same. Raises WorkbookError."""
    name = reading_name(report)
    if default_storage.exists(name) and not anew:
        return
    with temporary_folder() as folder, open_local_copy(report.original) as source:
        target = folder / "reading"
        workbook.read(source, target, account=report.pack.account.uid, limits=reading_limits())
        if anew:
            default_storage.delete(name)
        save_under_name(target, name)


def reading_name(report: Report) -> str:
    """Where the stored form lies: it follows from the bytes, the account that files may omit, reader and form."""
    original = report.original
    assert original is not None  # noqa: S101  # a report is read after its bytes are kept
    made_by = f"{report.pack.account.uid}-{workbook.READER}.{workbook.FORM}"
    return f"readings/{original.sha256[:2]}/{original.sha256}-{made_by}.zip"
