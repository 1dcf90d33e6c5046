"""Asking for a report and cancelling it."""

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.models import Pack, Report


def cancel_report(report: Report) -> bool:
    """Ends a report under way; false where it had ended already. What it had brought into the spans is swept away."""
    return report.cancel()


def request_report(pack: Pack, by: AbstractBaseUser | None) -> Report:
    """Makes a report of the pack, or joins the one under way; no call to the cloud. Whoever asks nudges the queue."""
    while True:
        try:
            with transaction.atomic():
                return Report.objects.create(
                    pack=pack,
                    pack_name=pack.name,
                    requested_by_id=by.pk if by else None,
                    deadline_at=timezone.now()
                    + dt.timedelta(minutes=settings.REPORT_LIMIT_MINUTES),
                    client_token=uuid.uuid4().hex,
                )
        except IntegrityError:
            under_way = (
                Report.objects.under_way().filter(pack=pack, source=Report.Source.GENERATED).first()
            )
            if under_way:  # if not, it ended this very moment: ask again
                return under_way
