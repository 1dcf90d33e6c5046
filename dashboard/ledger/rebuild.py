"""Sheets, rules and spans anew from the archive, a pack at a time and all of it or nothing.

The originals are the source: the same reader gives the same rows again, a newer one what it reads better.
"""

import os
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from dashboard.archive import readings
from dashboard.ledger import report_writer
from dashboard.models import Evaluation, Pack, Report


def rebuild_pack(pack: Pack) -> int:
    """Makes a pack's history anew; the number of its reports. Other writers wait while its rows are put back.

    Raises WorkbookError or FileNotFoundError, and leaves everything as it was, where an original cannot be read.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(
            pool.map(
                lambda report: readings.ensure_reading(report, anew=True),
                find_reports_with_spans(pack),
            )
        )
    with transaction.atomic():
        Pack.objects.lock_row(pack.pk)
        reports = find_reports_with_spans(pack)  # one more may have come in meanwhile
        rows = Evaluation.objects.filter(pack=pack)
        rows._raw_delete(rows.db)
        for report in reports:
            restore_report(report)
    return len(reports)


def find_reports_with_spans(pack: Pack) -> list[Report]:
    """Reports of the pack that have rows: the ready ones, and one whose rows are being put in this very moment."""
    states = (Report.State.READY, Report.State.READING)
    found = pack.reports.filter(state__in=states).exclude(position=None).order_by("position")
    return list(found.select_related("pack__account", "original"))


def restore_report(report: Report) -> None:
    if report.state == Report.State.READY:
        report_writer.store_report(report)
        return
    with readings.open_reading(report) as reading:  # its worker does the rest
        report_writer.store_spans(report, reading)
