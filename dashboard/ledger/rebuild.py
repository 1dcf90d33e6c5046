"""Rebuilding sheets, rule results and spans of a pack from the original files.

The same reader gives the same rows again; a newer reader gives what it reads better.
"""

from django.db import transaction

from dashboard.archive import parallel_reading, stored_forms
from dashboard.ledger import report_writer
from dashboard.models import Evaluation, Pack, Report


def rebuild_pack(pack: Pack) -> int:
    """Rebuild all reports of a pack and return their number.

    Other writers of the pack wait while its rows are replaced. If an original cannot be read,
    raises WorkbookError or FileNotFoundError, and the database stays as it was.
    """
    for _report, error in parallel_reading.read_files(find_reports_with_spans(pack), replace=True):
        if error:
            raise error
    with transaction.atomic():
        Pack.objects.lock_row(pack.pk)
        # Found again, as another report may have been added before the lock.
        reports = find_reports_with_spans(pack)
        spans = Evaluation.objects.filter(pack=pack)
        spans._raw_delete(spans.db)
        for report in reports:
            store_report_again(report)
    return len(reports)


def find_reports_with_spans(pack: Pack) -> list[Report]:
    """Return the pack's ready reports, and those whose spans a worker is storing now."""
    states = (Report.State.READY, Report.State.READING)
    reports = pack.reports.filter(state__in=states).exclude(position=None)
    return list(reports.order_by("position").select_related("pack__account", "original"))


def store_report_again(report: Report) -> None:
    """Store the report's file. If a worker is storing it now, store only the deleted spans."""
    if report.state == Report.State.READY:
        report_writer.store_report(report)
        return
    with stored_forms.open_stored_form(report) as stored_form:
        report_writer.store_spans(report, stored_form)
