"""Limit the API calls of an account per minute.

The limit applies to all workers together: before each call a worker reserves it in the account's
database row.
"""

import datetime as dt
import time

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.models import Account

MINUTE_SECONDS = 60.0
MAX_LIST_WAIT_SECONDS = 5.0  # the page that shows the list waits for it


def seconds_until_generate_allowed(account: Account) -> float:
    """Return 0 and reserve a call that generates a report, or return the seconds to wait."""
    return reserve_call(account, "generate_free_at", settings.GENERATE_PER_MINUTE)


def seconds_until_get_allowed(account: Account) -> float:
    """Return 0 and reserve a call that only reads, or return the seconds to wait."""
    return reserve_call(account, "ask_free_at", settings.ASK_PER_MINUTE)


def wait_for_list_call(account: Account) -> None:
    """Reserve a call that lists packs; wait for it if it is allowed soon.

    Raises CloudError (Throttling) if it is not. Fewer of these calls are allowed than of other
    calls that only read, so each of them takes the time of several others.
    """
    while wait := reserve_call(account, "ask_free_at", settings.LIST_PER_MINUTE):
        if wait > MAX_LIST_WAIT_SECONDS:
            raise cloud.CloudError("Throttling", "this server has used the calls of the account")
        time.sleep(wait)


def reserve_call(account: Account, field: str, per_minute: int) -> float:
    """Reserve a call and return 0, or return the seconds to wait.

    This is the generic cell rate algorithm (GCRA). Half of a minute's calls may be made at once,
    the other half is spread over the minute, so no minute has more than `per_minute` calls. `field`
    is a field of Account; each reserved call moves the time in it one interval into the future.
    """
    interval_seconds = 2 * MINUTE_SECONDS / per_minute  # twice as long, as only half is spread
    burst_seconds = MINUTE_SECONDS - interval_seconds
    now = timezone.now()
    with transaction.atomic():
        locked_account = Account.objects.select_for_update().get(pk=account.pk)
        free_at = max(getattr(locked_account, field) or now, now)
        reserved_seconds = (free_at - now).total_seconds()
        if reserved_seconds > burst_seconds:
            return reserved_seconds - burst_seconds
        setattr(locked_account, field, free_at + dt.timedelta(seconds=interval_seconds))
        locked_account.save(update_fields=[field])
    return 0.0
