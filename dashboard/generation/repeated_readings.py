"""Read the stored file of a report again after its reading failed or was cancelled."""

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.generation import queue
from dashboard.models import Pack, PackSummary, Report
from dashboard.models.runs import READING_LIMIT

ENDED_UNREAD = (Report.State.FAILED, Report.State.CANCELLED)


def can_read_again(report: Report) -> bool:
    """Return whether the report has not become ready, but its file is kept.

    Where the same file was imported again meanwhile, that report takes its place.
    """
    if report.state not in ENDED_UNREAD or not report.original_id or not report.created_at:
        return False
    minute = report.created_at.replace(second=0, microsecond=0)
    others = Report.objects.filter(
        pack=report.pack_id,
        original=report.original_id,
        created_at__gte=minute,
        created_at__lt=minute + dt.timedelta(minutes=1),
    )
    return not others.exclude(pk=report.pk).exclude(state__in=ENDED_UNREAD).exists()


def read_again(report: Report, user: AbstractBaseUser) -> bool:
    """Have the report's file read again, log who asked for it, and schedule the next step.

    Return False and change nothing if that is not possible now (see can_read_again), or if another
    report of the pack is being generated.
    """
    try:
        with transaction.atomic():
            Pack.objects.lock_row(report.pack_id)
            report.refresh_from_db()
            if not can_read_again(report):
                return False
            restart_reading(report)
            PackSummary.objects.record_run_start(report.pk)
            report.audit.create(by_id=user.pk, action="read-again")
    except IntegrityError:  # a pack may have one generated report under way
        report.refresh_from_db()
        return False
    queue.schedule_step(report.pk)
    return True


def restart_reading(report: Report) -> None:
    """Set the state READING, as if the file had just been received."""
    is_generated = report.source == Report.Source.GENERATED
    limit = dt.timedelta(minutes=settings.REPORT_LIMIT_MINUTES) if is_generated else READING_LIMIT
    now = timezone.now()
    report.state = Report.State.READING
    report.next_at, report.deadline_at, report.ended_at = now, now + limit, None
    report.error_code, report.error_facts, report.failed_attempts = "", {}, 0
    report.cancelled_by = None
    report.save(
        update_fields=[
            *("state", "next_at", "deadline_at", "ended_at", "error_code", "error_facts"),
            *("failed_attempts", "cancelled_by"),
        ]
    )
