"""Withdraw an imported report: leave it out of all numbers, but keep its entry and its file."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard.ledger import change_counts, spans
from dashboard.models import Pack, Report


def withdraw_report(report: Report, user: AbstractBaseUser, reason: str) -> bool:
    """Remove an imported report from spans, trend and comparison, and log who did it and why.

    Return False and change nothing if the report is not an import or not ready.
    """
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        imports = Report.objects.ready().filter(source=Report.Source.IMPORTED)
        withdrawn = imports.filter(pk=report.pk).first()
        if withdrawn is None:
            return False
        spans.remove_report(withdrawn)
        Report.objects.filter(pk=report.pk).update(
            state=Report.State.WITHDRAWN,
            position=None,
            withdrawn_at=timezone.now(),
            withdrawn_by_id=user.pk,
            withdrawal_reason=reason,
        )
        # `withdrawn` still has its position: the next report is the one after it.
        change_counts.count_next_report_again(withdrawn)
        report.audit.create(by_id=user.pk, action="withdraw", after={"reason": reason})
    report.refresh_from_db()
    return True
