"""Read the files of many reports, several at once, each in a reader process of its own."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from dashboard.archive import stored_forms
from dashboard.models import Report


def read_files(
    reports: Sequence[Report], replace: bool = False
) -> Iterator[tuple[Report, BaseException | None]]:
    """Yield each report once its file is read, in the given order, with the error of its reading.

    The files of the next reports are read while the caller works on a report. With `replace` a file
    that was read before is read again.
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
    try:
        stored_forms.ensure_stored_form(report, replace)
    finally:
        connection.close()  # each thread has a connection of its own
