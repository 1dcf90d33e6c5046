"""Read the files of many reports in parallel, each in a separate reader process."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connection

from dashboard.archive import stored_forms
from dashboard.models import Original, Report


def read_files(
    reports: Sequence[Report], replace: bool = False
) -> Iterator[tuple[Report, BaseException | None]]:
    """Read the reports' files and yield (report, error) in the order of `reports`.

    `error` is the exception raised by reading the file, or None. The files of the next reports are
    read while the caller works on a report. If `replace` is true, a file is read again even if its
    contents are stored already.
    """
    lists = stored_forms.find_result_lists(reports)  # here: the threads need no database
    tasks = [
        partial(
            stored_forms.ensure_original_form,
            report.require_original(),
            report.pack.account.uid,
            lists.get(report.pk),
            replace,
        )
        for report in reports
    ]
    yield from zip(reports, run_in_threads(tasks), strict=True)


def read_originals(originals: Sequence[tuple[Original, str]]) -> None:
    """Read each file for the account paired with it; skip files that cannot be read."""
    tasks = [
        partial(stored_forms.ensure_original_form, original, account_uid)
        for original, account_uid in dict.fromkeys(originals)
    ]
    for _error in run_in_threads(tasks):
        pass  # opening the stored form later raises the same error


def run_in_threads(tasks: Sequence[Callable[[], None]]) -> Iterator[BaseException | None]:
    """Yield the error of each task, or None, in the given order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readings_in_order = [pool.submit(run_and_disconnect, task) for task in tasks]
        try:
            for reading in readings_in_order:
                yield reading.exception()
        finally:
            pool.shutdown(cancel_futures=True)


def run_and_disconnect(task: Callable[[], None]) -> None:
    """Run the task, then close this thread's database connection."""
    try:
        task()
    finally:
        connection.close()  # Django opens one database connection per thread
