"""Withdraw an imported report, and take the withdrawal back.

A withdrawn report is left out of all numbers, but its entry and its file stay.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard.ledger import change_counts, pack_summaries, spans
from dashboard.models import Pack, Report
from dashboard.models.runs import READING_LIMIT


def withdraw_report(report: Report, user: AbstractBaseUser, reason: str) -> bool:
    """Remove an imported report from trend, comparison and spans, and log who did it and why.

    Return False and change nothing if the report is not an import or not ready. The report is
    withdrawn at once; its spans are removed afterwards in short transactions. If the process ends
    in between, the worker removes the others (see lifecycle.remove_leftover_spans).
    """
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        imports = Report.objects.ready().filter(source=Report.Source.IMPORTED)
        withdrawn = imports.filter(pk=report.pk).first()
        if withdrawn is None:
            return False
        # The position stays until the spans are removed.
        Report.objects.filter(pk=report.pk).update(
            state=Report.State.WITHDRAWN,
            withdrawn_at=timezone.now(),
            withdrawn_by_id=user.pk,
            withdrawal_reason=reason,
        )
        change_counts.count_next_report_again(withdrawn)
        pack_summaries.update_report_fields(withdrawn.pack_id)
        report.audit.create(by_id=user.pk, action="withdraw", after={"reason": reason})
    spans.remove_report(withdrawn)
    report.refresh_from_db()
    return True


def restore_report(report: Report, user: AbstractBaseUser, reason: str) -> bool:
    """Have a withdrawn report stored again from its file, and log who did it and why.

    Return False and change nothing if the report is not withdrawn. It becomes ready in the next
    step of its run, which the caller schedules; the numbers are then those of before.
    """
    now = timezone.now()
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        withdrawn_reports = Report.objects.filter(pk=report.pk, state=Report.State.WITHDRAWN)
        is_restored = withdrawn_reports.update(
            state=Report.State.READING,
            withdrawn_at=None,
            withdrawn_by=None,
            withdrawal_reason="",
            next_at=now,
            deadline_at=now + READING_LIMIT,
        )
        if not is_restored:
            return False
        report.audit.create(by_id=user.pk, action="restore", after={"reason": reason})
    report.refresh_from_db()
    return True
