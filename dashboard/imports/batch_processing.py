"""Many reports whose files are there: read at once, and entered one after another."""

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from django.db import connection, transaction

from dashboard import workbook
from dashboard.archive import readings
from dashboard.generation import lifecycle
from dashboard.ledger import report_writer, spans
from dashboard.models import Pack, Report

TOGETHER = spans.BATCH // report_writer.SMALL_ROWS  # reports in one transaction
logger = logging.getLogger(__name__)


def read_and_store_all(found: Iterable[Report], at_once: int | None = None) -> Iterator[Report]:
    """Takes reports to their end, in their order; `at_once` files are read at a time, each in a process of its own."""
    processes = at_once or os.cpu_count() or 1
    workbook.warm()
    waiting: deque[PendingReport] = deque()
    line = SmallReportWriter()
    with ThreadPoolExecutor(processes) as pool:
        for report in found:
            waiting.append(PendingReport(report, pool.submit(read_in_thread, report)))
            if len(waiting) > 3 * processes:
                yield from store_finished(take_finished(waiting), line)
        while waiting:
            yield from store_finished(take_finished(waiting), line)


class PendingReport(NamedTuple):
    """A report whose file is being read."""

    report: Report
    reading: Future[None]


def read_in_thread(report: Report) -> None:
    try:
        readings.ensure_reading(report)
    finally:
        connection.close()  # this thread's own


def take_finished(waiting: deque[PendingReport]) -> list[PendingReport]:
    """Takes the first that waits, once it has been read, and those behind it that have been read by then."""
    first = waiting.popleft()
    first.reading.exception()  # waits
    found = [first]
    pack = first.report.pack_id
    while (
        len(found) < TOGETHER
        and waiting
        and waiting[0].reading.done()
        and waiting[0].report.pack_id == pack
    ):
        found.append(waiting.popleft())
    return found


def store_finished(some: Sequence[PendingReport], line: "SmallReportWriter") -> Iterator[Report]:
    """Enters reports together; those that cannot be, one by one, which is where faults are written down."""
    read = [ahead.report for ahead in some if not ahead.reading.exception()]
    try:
        entered = bool(read) and line.enter(read)
    except Exception:
        logger.warning("%d reports could not be entered together", len(read), exc_info=True)
        entered = False
    for report, _ in some:
        if not entered:
            report.refresh_from_db()
        if report.under_way:
            lifecycle.take_due_step(report)
        if report.under_way:  # somebody else was at it
            report.refresh_from_db()
        yield report


class SmallReportWriter:
    """Enters small files one after another, and remembers the last."""

    def __init__(self) -> None:
        self._last: report_writer.StoredReport | None = None

    def enter(self, some: Sequence[Report]) -> bool:
        """Takes reports of one pack, whose files have been read, from nobody's hands to their end; all or none of them.

        The transaction is the claim: it keeps others away for as long as it lasts, and ends with whoever is killed.
        """
        last, self._last = self._last, None
        with report_writer.pause_garbage_collection():
            pages = []
            for report in some:
                with readings.open_reading(report) as reading:
                    if not (page := report_writer.load_small_report(report, reading)):
                        return False
                    pages.append(page)
            if last and last.page.report.pack_id != some[0].pack_id:
                last = None
            with transaction.atomic():
                Pack.objects.lock_row(some[0].pack_id)
                if not Report.objects.claim_all(some):
                    transaction.set_rollback(True)
                    return False
                for page in pages:
                    last = report_writer.store_small_report(page, last)
                    if not last:
                        return False
        self._last = last
        return True
