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
# The part of a minute's calls that may be made at once. The rest is spread over the minute.
BURST_SHARE = 0.25
MAX_LIST_WAIT_SECONDS = 5.0  # the page that shows the list waits for it
MAX_CALLS_AT_ONCE = 32  # that a worker reserves for pages of evaluation results
RESERVED_SECONDS = 2.0  # for so long such a worker may make the calls that it has reserved


def seconds_until_generate_allowed(account: Account) -> float:
    """Return 0 and reserve a call that generates a report, or return the seconds to wait."""
    return reserve_call(account, "generate_free_at", settings.GENERATE_PER_MINUTE)


def seconds_until_get_allowed(account: Account) -> float:
    """Return 0 and reserve a call that only reads, or return the seconds to wait."""
    return reserve_call(account, "ask_free_at", settings.ASK_PER_MINUTE)


def wait_for_list_call(account: Account) -> None:
    """Reserve a call that lists packs; wait for it if it is allowed soon.

    Raises CloudError (Throttling) if it is not. Such calls have a limit of their own: fewer of them
    are allowed than of other calls that only read.
    """
    wait_end = time.monotonic() + MAX_LIST_WAIT_SECONDS
    while wait := reserve_call(account, "list_free_at", settings.LIST_PER_MINUTE):
        if time.monotonic() + wait > wait_end:
            raise cloud.CloudError("Throttling", "this server has used the calls of the account")
        time.sleep(wait)


def seconds_until_evaluation_allowed(account: Account) -> float:
    """Return 0 and reserve a call that has a pack evaluated, or return the seconds to wait."""
    return reserve_call(account, "list_free_at", settings.LIST_PER_MINUTE)


class ResultCalls:
    """The calls for pages of evaluation results that one worker has reserved.

    It reserves several at a time, twice as many each time: a short list takes few from the others,
    and a long one does not write into the database for each page. Calls that are not made within
    RESERVED_SECONDS are given up.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._calls = 0
        self._next_calls = 1
        self._reserved_until = 0.0

    def seconds_until_allowed(self) -> float:
        """Return 0 and take one of the reserved calls, or return the seconds to wait."""
        is_used_up = not self._calls or time.monotonic() > self._reserved_until
        if is_used_up and (wait := self._reserve_calls()):
            return wait
        self._calls -= 1
        return 0.0

    def _reserve_calls(self) -> float:
        per_minute = settings.RESULTS_PER_MINUTE
        # A call may be made RESERVED_SECONDS after it was reserved: the calls of a minute were
        # reserved in a time that is longer by as much.
        slower_per_minute = per_minute * MINUTE_SECONDS / (MINUTE_SECONDS + RESERVED_SECONDS)
        calls = max(1, min(self._next_calls, int(per_minute * BURST_SHARE / 2)))
        reserved_until = time.monotonic() + RESERVED_SECONDS
        if wait := reserve_call(self._account, "results_free_at", slower_per_minute, calls):
            return wait
        self._calls, self._reserved_until = calls, reserved_until
        self._next_calls = min(2 * self._next_calls, MAX_CALLS_AT_ONCE)
        return 0.0


def reserve_call(account: Account, field: str, per_minute: float, calls: int = 1) -> float:
    """Reserve a call, or several, and return 0, or return the seconds to wait.

    This is the generic cell rate algorithm (GCRA). No minute has more than `per_minute` calls: a
    part of them may be made at once, the others are spread over the minute. `field` is a field of
    Account; each reserved call moves the time in it one interval into the future.
    """
    interval_seconds = MINUTE_SECONDS / (per_minute * (1 - BURST_SHARE))
    burst_seconds = max(0.0, (per_minute * BURST_SHARE - calls) * interval_seconds)
    now = timezone.now()
    with transaction.atomic():
        locked_account = Account.objects.select_for_update().get(pk=account.pk)
        free_at = max(getattr(locked_account, field) or now, now)
        reserved_seconds = (free_at - now).total_seconds()
        if reserved_seconds > burst_seconds:
            return reserved_seconds - burst_seconds
        setattr(locked_account, field, free_at + dt.timedelta(seconds=calls * interval_seconds))
        locked_account.save(update_fields=[field])
    return 0.0
