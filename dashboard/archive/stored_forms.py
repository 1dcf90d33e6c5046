"""Create and open stored forms.

A stored form is the contents that were read from an original file, and from the evaluation results
that were fetched beside it. It is kept in the same storage as the original, under `readings/`.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from dashboard import workbook
from dashboard.archive.location import get_incoming_folder, temporary_folder
from dashboard.archive.originals import open_local_copy, save_under_name
from dashboard.models import Original, Report, ResultList


@contextmanager
def open_stored_form(report: Report) -> Iterator[workbook.StoredForm]:
    """Open the stored form of a report's file; create it first if it does not exist.

    Raises WorkbookError if the original cannot be read.
    """
    original, account_uid = report.require_original(), report.pack.account.uid
    with open_original_form(original, account_uid, find_list_original(report)) as stored_form:
        yield stored_form


def find_list_original(report: Report) -> Original | None:
    """Return the list of evaluation results fetched beside the report's file; None without one."""
    return find_result_lists([report]).get(report.pk)


def find_result_lists(reports: Iterable[Report]) -> dict[int, Original]:
    """Return the lists of evaluation results of those reports that have one, by report id."""
    lists = ResultList.objects.filter(
        report__in=[report.pk for report in reports], outcome=ResultList.Outcome.COMPLETE
    )
    return {
        result_list.pk: result_list.original
        for result_list in lists.select_related("original")
        if result_list.original
    }


@contextmanager
def open_original_form(
    original: Original, account_uid: str, results: Original | None = None
) -> Iterator[workbook.StoredForm]:
    """Open the stored form of a file whose rows belong to the account if they name none.

    `results` is the list of evaluation results beside the file.

    A stored form that is damaged is deleted and read from the original again. Raises WorkbookError,
    or DamagedFormError if the damage shows only after the form was opened: then try again.
    """
    name = get_original_form_name(original, account_uid, results)
    ensure_original_form(original, account_uid, results)
    with ExitStack() as stack:
        try:
            stored_form = stack.enter_context(open_form(name))
        except workbook.DamagedFormError:
            ensure_original_form(original, account_uid, results, replace=True)
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


def read_with_limits(
    source: Path, target: Path, account_uid: str = "", results: Path | None = None
) -> None:
    """Read a file under the limits of the settings; `target` lies on the archive's disk.

    If the file cannot be read together with the list `results`, it is read alone, and the stored
    form says why. Raises WorkbookError if the file cannot be read.
    """

    def read(**options: Any) -> None:
        workbook.read_file(
            source,
            target,
            account=account_uid,
            limits=build_reader_limits(),
            work_folder=get_incoming_folder(),
            **options,
        )

    if results is None:
        read()
        return
    try:
        read(results=results)
    except workbook.WorkbookError as error:
        read(results_error=error)


def ensure_stored_form(report: Report, replace: bool = False) -> None:
    """Read a report's original and save its stored form.

    Do nothing if the stored form exists, unless `replace` is true. Raises WorkbookError.
    """
    results = find_list_original(report)
    ensure_original_form(report.require_original(), report.pack.account.uid, results, replace)


def ensure_original_form(
    original: Original, account_uid: str, results: Original | None = None, replace: bool = False
) -> None:
    """Read a file, and the list of evaluation results beside it, and store their contents.

    Do nothing if they are stored already, unless `replace` is true. Raises WorkbookError, or
    DamagedOriginalError if file or list are not what was stored.
    """
    name = get_original_form_name(original, account_uid, results)
    if default_storage.exists(name) and not replace:
        return
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        source = stack.enter_context(open_local_copy(original))
        results_path = stack.enter_context(open_local_copy(results)) if results else None
        target = folder / "reading"
        read_with_limits(source, target, account_uid, results_path)
        if replace:
            default_storage.delete(name)
        save_under_name(target, name)


def get_stored_form_name(report: Report) -> str:
    """Return the name of the report's stored form in the storage."""
    results = find_list_original(report)
    return get_original_form_name(report.require_original(), report.pack.account.uid, results)


def get_original_form_name(
    original: Original, account_uid: str, results: Original | None = None
) -> str:
    """Return the name of a stored form in the storage.

    The name contains everything that the stored form depends on: the hashes of the original and of
    the list of evaluation results beside it, the account (the file itself may not state it), and
    the versions of the reader and of the stored form.
    """
    sha256 = original.sha256
    version = f"{account_uid}-{workbook.READER_VERSION}.{workbook.FORM_VERSION}"
    list_hash = f"-{results.sha256}" if results else ""
    return f"readings/{sha256[:2]}/{sha256}-{version}{list_hash}.zip"
