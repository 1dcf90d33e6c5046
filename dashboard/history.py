"""The history's entries: which say the same as an earlier one, and what people write on them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import OuterRef, Subquery

from dashboard.models import AuditEntry, Report
from dashboard.models.evaluations import moment_of

ANNOTATIONS = ("label", "note", "held")


def same_content(shown: Iterable[Report]) -> dict[int, dt.datetime]:
    """For each report shown, the time of the latest one of its pack before it that says the same of every resource."""
    # Only what is ready has a content.
    alike = Report.objects.filter(pack=OuterRef("pack"), content=OuterRef("content"), position__lt=OuterRef("position"))
    before = Subquery(alike.order_by("-position").values("position")[:1])
    found = Report.objects.filter(pk__in=[report.pk for report in shown]).values_list("pk", before)
    return {pk: moment_of(position) for pk, position in found if position}


def annotate(report: Report, by: AbstractBaseUser, **fields: Any) -> None:
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
