"""Keeping to the calls a minute that the cloud lets through: across all workers, each call books its time first."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard.models import Account

MINUTE = 60.0


def seconds_until_generate_allowed(account: Account) -> float:
    """Seconds until the account may send its next Generate, 0 for now; where it is 0 the call is booked."""
    return reserve_call(account, "generate_free_at", settings.GENERATE_PER_MINUTE)


def seconds_until_get_allowed(account: Account) -> float:
    """The same for a Get."""
    return reserve_call(account, "ask_free_at", settings.ASK_PER_MINUTE)


def reserve_call(account: Account, field: str, per_minute: int) -> float:
    """The generic cell rate algorithm: half of a minute's calls at once, the other half spread over the minute.

    Together they never exceed `per_minute` in any minute.
    """
    interval, burst = 2 * MINUTE / per_minute, MINUTE - 2 * MINUTE / per_minute
    now = timezone.now()
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        free_at = max(getattr(row, field) or now, now)
        ahead = (free_at - now).total_seconds()
        if ahead > burst:
            return ahead - burst
        setattr(row, field, free_at + dt.timedelta(seconds=interval))
        row.save(update_fields=[field])
    return 0.0
