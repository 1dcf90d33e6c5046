"""Request a report, and cancel a report that is under way (not ready, failed or cancelled)."""

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.generation import queue
from dashboard.models import AuditEntry, Pack, PackSummary, Report
from dashboard.models.audit import JOIN_ACTION
from dashboard.models.runs import DOUBLE_CLICK_TIME


def request_report(
    pack: Pack, user: AbstractBaseUser | None, *, evaluates_first: bool = False
) -> Report:
    """Create a report of the pack, or use the one under way, and schedule its next step.

    With `evaluates_first` the cloud evaluates the pack before it makes the report; a report under
    way stays as it is. The cloud is not called here. `user` is None if a command requests the
    report.
    """
    report, is_new = create_or_join_report(pack, user, evaluates_first=evaluates_first)
    if user and not is_new:
        record_joining(report, user)
    queue.schedule_step(report.pk)
    return report


def record_joining(report: Report, user: AbstractBaseUser) -> None:
    """Log that another user than the one who requested the run waits for it too, once each."""
    is_known = report.audit.filter(action=JOIN_ACTION, by=user.pk).exists()
    if report.requested_by_id != user.pk and not is_known:
        AuditEntry.objects.record(user, JOIN_ACTION, report)


def create_or_join_report(
    pack: Pack, user: AbstractBaseUser | None, *, evaluates_first: bool = False
) -> tuple[Report, bool]:
    """Return a new report of the pack, or the one under way, and whether it is new.

    A database constraint allows one unfinished generated report per pack.
    """
    while True:  # repeated only if the other report ends between the two queries
        try:
            with transaction.atomic():
                return create_report(pack, user, evaluates_first), True
        except IntegrityError:
            reports_under_way = Report.objects.under_way().filter(
                pack=pack, source=Report.Source.GENERATED
            )
            if report := reports_under_way.first():
                return report, False
            # The other report has just ended: try again to create one.


def create_report(pack: Pack, user: AbstractBaseUser | None, evaluates_first: bool) -> Report:
    """Create the report in its first state. Raises IntegrityError if one is under way.

    The caller is in a transaction.
    """
    now = timezone.now()
    state = Report.State.EVALUATING if evaluates_first else Report.State.REQUESTED
    report = Report.objects.create(
        pack=pack,
        state=state,
        pack_name=pack.name,
        requested_by_id=user.pk if user else None,
        deadline_at=now + dt.timedelta(minutes=settings.REPORT_LIMIT_MINUTES),
        client_token=uuid.uuid4().hex,
    )
    PackSummary.objects.record_run(pack.pk, report.pk)
    return report


def find_just_cancelled(pack: Pack, user: AbstractBaseUser) -> Report | None:
    """Return the run that the user has cancelled a moment ago.

    A press on Generate in that moment is the second press on Cancel.
    """
    return Report.objects.filter(
        pack=pack, cancelled_by=user.pk, ended_at__gt=timezone.now() - DOUBLE_CLICK_TIME
    ).first()


def cancel_report(report: Report, user: AbstractBaseUser | None) -> bool:
    """End a report under way. Return False if it had ended already.

    `user` is None if a command cancels the report.

    Spans that it has stored are removed later (see lifecycle.remove_leftover_spans).
    """
    return report.cancel(user)
