"""The history's entries: which say the same as an earlier one, what people write on them, and the log of it."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import OuterRef, Subquery

from dashboard.models import AuditEntry, Report
from dashboard.models.reports import ReportQuerySet

ANNOTATIONS = ("label", "note", "held")


def with_same_content(reports: ReportQuerySet) -> ReportQuerySet:
    """The reports, each with the position of the latest one before it that says the `same` of every resource."""
    # Only what is ready has a content.
    alike = Report.objects.filter(
        pack=OuterRef("pack"),
        content_hash=OuterRef("content_hash"),
        position__lt=OuterRef("position"),
    )
    return reports.annotate(same=Subquery(alike.order_by("-position").values("position")[:1]))


def annotate_report(report: Report, by: AbstractBaseUser, **fields: Any) -> None:
    """Changes label, note or hold; what was there before is kept in the audit log."""
    with transaction.atomic():
        present = Report.objects.select_for_update().get(pk=report.pk)
        changed = [name for name in ANNOTATIONS if fields[name] != getattr(present, name)]
        if not changed:
            return
        AuditEntry.objects.create(
            by_id=by.pk,
            action="annotate",
            report=report,
            before={name: getattr(present, name) for name in changed},
            after={name: fields[name] for name in changed},
        )
        Report.objects.filter(pk=report.pk).update(**{name: fields[name] for name in changed})


def log_action(by: AbstractBaseUser, action: str, report: Report, **facts: str) -> None:
    """Writes into the audit log what somebody did with a report: "export", "download" or "cancel"."""
    AuditEntry.objects.create(by_id=by.pk, action=action, report=report, after=facts)
