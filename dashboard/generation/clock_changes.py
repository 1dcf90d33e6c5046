"""Times in the future that are left behind when the server's clock is set back.

Steps, claims and calls are planned for the next minutes. After the clock was a day ahead and was
set right, they would wait for a day.
"""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.models import Account, BulkRequest, Report

LONGEST_PAUSE = dt.timedelta(minutes=10)  # longer than any step, claim or call is planned ahead
CALL_TIMES = ("ask_free_at", "list_free_at", "generate_free_at", "results_free_at")
logger = logging.getLogger(__name__)


def bring_back_times() -> None:
    """Let what is planned further ahead than ever happens be done now."""
    now = timezone.now()
    limit = now + LONGEST_PAUSE + dt.timedelta(seconds=settings.LEASE_SECONDS)
    runs, bulk_requests = Report.objects.under_way(), BulkRequest.objects.under_way()
    rows_and_changes: list[tuple[QuerySet[Any], dict[str, Any]]] = [
        (runs.filter(next_at__gt=limit), {"next_at": now}),
        (runs.filter(claimed_until__gt=limit), {"claim": None, "claimed_until": None}),
        (bulk_requests.filter(next_at__gt=limit), {"next_at": now}),
        *((Account.objects.filter(**{f"{name}__gt": limit}), {name: None}) for name in CALL_TIMES),
    ]
    for rows, changes in rows_and_changes:
        if rows.exists():  # a query needs no lock, an update does
            logger.warning("The clock was set back: %s begin now.", rows.model._meta.db_table)
            rows.update(**changes)
