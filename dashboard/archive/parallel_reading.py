"""Read the files of many reports in parallel, each in a separate reader process."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from dashboard.archive import stored_forms
from dashboard.models import Report


def read_files(
    reports: Sequence[Report], replace: bool = False
) -> Iterator[tuple[Report, BaseException | None]]:
    """Read the reports' files and yield (report, error) in the order of `reports`.

    `error` is the exception raised by reading the file, or None. The files of the next reports are
    read while the caller works on a report. If `replace` is true, a file is read again even if its
    contents are stored already.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readings_in_order = [
            pool.submit(read_file_in_thread, report, replace) for report in reports
        ]
        try:
            for report, reading in zip(reports, readings_in_order, strict=True):
                yield report, reading.exception()
        finally:
            pool.shutdown(cancel_futures=True)


def read_file_in_thread(report: Report, replace: bool) -> None:
    """Read the report's file and store its contents; then close this thread's connection."""
    try:
        stored_forms.ensure_stored_form(report, replace)
    finally:
        connection.close()  # Django opens one database connection per thread
