"""Rebuild the sheets, rule results and spans of a pack from the original files.

A span is one row for all consecutive reports that state the same evaluation. The same version of
the reader produces the same rows again; a newer version may read more, and a remark then says which
numbers have changed.
"""

from django.db import transaction

from dashboard.archive import parallel_reading, stored_forms
from dashboard.ledger import report_writer
from dashboard.ledger.reading_changes import copy_numbers, remark_changed_numbers
from dashboard.models import Evaluation, Pack, Report


def rebuild_pack(pack: Pack) -> int:
    """Rebuild all reports of a pack and return their number.

    Other writers of the pack wait while its rows are replaced. Raises WorkbookError or
    DamagedOriginalError if an original cannot be read; then the database is unchanged.
    """
    for _report, error in parallel_reading.read_files(find_reports_with_spans(pack), replace=True):
        if error:
            raise error
    with transaction.atomic():
        Pack.objects.lock_row(pack.pk)
        # Query again: another report may have been added before the lock.
        reports = find_reports_with_spans(pack)
        spans = Evaluation.objects.filter(pack=pack)
        # One DELETE statement: delete() would also query for related rows, and there are none.
        spans._raw_delete(spans.db)
        for report in reports:
            store_report_again(report)
    return len(reports)


def find_reports_with_spans(pack: Pack) -> list[Report]:
    """Return the pack's ready reports, and those whose spans a worker is storing now.

    They are sorted by position, the number that orders the reports of a pack.
    """
    states = (Report.State.READY, Report.State.READING)
    reports = pack.reports.filter(state__in=states).exclude(position=None)
    return list(reports.order_by("position").select_related("pack__account", "original"))


def store_report_again(report: Report) -> None:
    """Store the contents of a ready report's file again.

    If a worker is storing the report now, store only its spans: the worker does the rest.
    """
    if report.state == Report.State.READY:
        earlier_numbers, earlier_remarks = copy_numbers(report), report.remarks
        report_writer.store_report(report)
        remark_changed_numbers(report, earlier_numbers, earlier_remarks)
        return
    with stored_forms.open_stored_form(report) as stored_form:
        report_writer.store_spans(report, stored_form)
