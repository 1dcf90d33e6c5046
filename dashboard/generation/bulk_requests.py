"""Bulk requests: record which packs a user wants reports of, and create their runs step by step.

A worker takes a step every few seconds (see bulk_queue.py). It records which runs have ended, and
creates runs for waiting packs, so few at a time that the calls allowed for an account suffice to
poll them. A step is one transaction: a worker that is killed in it has created no run twice and
forgotten none, and the next step goes on.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from dashboard.generation import requests
from dashboard.generation.queue import schedule_step
from dashboard.models import AuditEntry, BulkRequest, Pack, Report, RequestedPack
from dashboard.models.accounts import PackQuerySet
from dashboard.models.audit import JOIN_ACTION
from dashboard.models.bulk_requests import BulkRequestQuerySet
from dashboard.models.runs import DOUBLE_CLICK_TIME

RUNS_PER_ACCOUNT = 20  # under way at once; each needs about ten calls a minute (rate_limit.py)
RUNS_IN_ALL = 200  # under way at once, so that a single click of a user does not wait for long
# So many runs of an account may always be under way: other accounts may have all RUNS_IN_ALL for as
# long as the cloud takes to prepare their reports.
RUNS_OF_EACH_ACCOUNT = 2
RUNS_PER_STEP = 50  # created in one transaction, which then locks the database for a moment only
STEP_PAUSE = dt.timedelta(seconds=2)
INSERTED_AT_ONCE = 1_000  # packs
STATE_FIELDS_OF_PACK = ("account", "archived_at", "gone_at", "imported")
# How a requested pack ends, by the state in which its run ended.
PACK_STATE_BY_RUN_STATE: dict[str, RequestedPack.State] = {
    Report.State.READY: RequestedPack.State.READY,
    Report.State.FAILED: RequestedPack.State.FAILED,
    Report.State.CANCELLED: RequestedPack.State.CANCELLED,
}
State = RequestedPack.State


def record_bulk_request(
    packs: PackQuerySet, user: AbstractBaseUser | None, filter_query: str = ""
) -> BulkRequest:
    """Record the request for a report of each of the packs; neither runs nor calls are made here.

    Packs that are archived or not in the cloud are recorded as left out. `filter_query` is the
    query string of the filter that selected the packs. A second click within a moment returns the
    request of the first one. `user` is None if a command makes the request.
    """
    clicked_at = timezone.now()
    with transaction.atomic():
        if user:
            lock_user(user)
        if bulk_request := find_request_of_double_click(user, filter_query, clicked_at):
            return bulk_request
        bulk_request = BulkRequest.objects.create(
            requested_by_id=user.pk if user else None, filter_query=filter_query
        )
        requested_packs = [
            RequestedPack(bulk_request=bulk_request, pack=pack, state=choose_first_state(pack))
            for pack in interleave_accounts(packs.only(*STATE_FIELDS_OF_PACK))
        ]
        RequestedPack.objects.bulk_create(requested_packs, batch_size=INSERTED_AT_ONCE)
    return bulk_request


def lock_user(user: AbstractBaseUser) -> None:
    """Lock the user's row until the transaction ends: the second of two clicks waits here.

    `no_key`: rows that refer to the user can still be inserted meanwhile.
    """
    users = get_user_model()._default_manager.select_for_update(no_key=True)
    users.values_list("pk").get(pk=user.pk)


def find_request_of_double_click(
    user: AbstractBaseUser | None, filter_query: str, clicked_at: dt.datetime
) -> BulkRequest | None:
    """Return the request that the user made with the same filter a moment before this click."""
    return BulkRequest.objects.filter(
        requested_by=user.pk if user else None,
        filter_query=filter_query,
        requested_at__gt=clicked_at - DOUBLE_CLICK_TIME,
    ).first()


def choose_first_state(pack: Pack) -> State:
    is_left_out = pack.archived_at or not pack.is_in_cloud
    return State.LEFT_OUT if is_left_out else State.WAITING


def interleave_accounts(packs: Iterable[Pack]) -> list[Pack]:
    """Return the packs so that the accounts take turns: each has its own limits of calls."""
    turns: Counter[int] = Counter()
    turn_of_pack = {}
    for pack in packs:
        turn_of_pack[pack] = turns[pack.account_id]
        turns[pack.account_id] += 1
    return sorted(turn_of_pack, key=lambda pack: (turn_of_pack[pack], pack.account_id))


def advance_bulk_request(pk: int) -> float | None:
    """Take the next step of a bulk request if it is due.

    Return the seconds until the following step; None if no step was due or all runs have ended.
    """
    with transaction.atomic():
        bulk_request = lock_requests_under_way().filter(pk=pk).first()
        if bulk_request is None or bulk_request.next_at > timezone.now():
            return None
        record_ended_runs(bulk_request)
        created_count = create_runs(bulk_request)
        return schedule_next_step(bulk_request, has_more=created_count == RUNS_PER_STEP)


def lock_requests_under_way() -> BulkRequestQuerySet:
    """Return the bulk requests under way, locked until the transaction ends.

    All of them are locked, because their runs under way are counted together.
    """
    bulk_requests = BulkRequest.objects.under_way().order_by("pk").select_for_update()
    return BulkRequest.objects.filter(pk__in=[bulk_request.pk for bulk_request in bulk_requests])


def record_ended_runs(bulk_request: BulkRequest) -> None:
    """Record how the runs have ended that have ended since the last step."""
    ended_packs = bulk_request.packs.generating().filter(report__state__in=PACK_STATE_BY_RUN_STATE)
    ids_by_state = defaultdict(list)
    for pk, report_state in ended_packs.values_list("pk", "report__state"):
        ids_by_state[PACK_STATE_BY_RUN_STATE[report_state]].append(pk)
    for state, ids in ids_by_state.items():
        RequestedPack.objects.filter(pk__in=ids).update(state=state)


def create_runs(bulk_request: BulkRequest) -> int:
    """Create runs for waiting packs, or join those under way. Return for how many packs."""
    chosen_packs = choose_waiting_packs(bulk_request)
    # Every transaction that writes several summaries does it in the order of the packs: so there
    # is no deadlock.
    for requested_pack in sorted(chosen_packs, key=lambda chosen_pack: chosen_pack.pack_id):
        create_or_join_run(bulk_request, requested_pack)
    return len(chosen_packs)


def choose_waiting_packs(bulk_request: BulkRequest) -> list[RequestedPack]:
    """Return the waiting packs of which a run may be created now."""
    runs_by_account = count_runs_by_account()
    limit = compute_account_limit(runs_by_account)
    full_accounts = [account for account, count in runs_by_account.items() if count >= limit]
    waiting_packs = bulk_request.packs.waiting().exclude(pack__account__in=full_accounts)
    chosen_packs = []
    for requested_pack in waiting_packs.select_related("pack")[:RUNS_PER_STEP]:
        account_id = requested_pack.pack.account_id
        if runs_by_account[account_id] < compute_account_limit(runs_by_account):
            runs_by_account[account_id] += 1
            chosen_packs.append(requested_pack)
    return chosen_packs


def compute_account_limit(runs_by_account: Counter[int]) -> int:
    """Return how many runs of an account may be under way now."""
    return RUNS_PER_ACCOUNT if runs_by_account.total() < RUNS_IN_ALL else RUNS_OF_EACH_ACCOUNT


def count_runs_by_account() -> Counter[int]:
    """Return the number of runs under way of each account, of all users."""
    runs = Report.objects.under_way().filter(source=Report.Source.GENERATED)
    counts = runs.order_by().values_list("pack__account").annotate(Count("pk"))
    return Counter(dict(counts))


def create_or_join_run(bulk_request: BulkRequest, requested_pack: RequestedPack) -> None:
    """Create the run of a waiting pack, or join the one under way.

    Other bulk requests in which the pack waits join the run: it is one report for all of them.
    """
    if choose_first_state(requested_pack.pack) == State.LEFT_OUT:  # since it was recorded
        RequestedPack.objects.filter(pk=requested_pack.pk).update(state=State.LEFT_OUT)
        return
    user = bulk_request.requested_by
    report, is_new = requests.create_or_join_report(requested_pack.pack, user)
    RequestedPack.objects.filter(pk=requested_pack.pk).update(
        report=report, joined=not is_new, state=State.GENERATING
    )
    waiting_elsewhere = RequestedPack.objects.waiting().filter(pack=requested_pack.pack_id)
    waiting_elsewhere.filter(bulk_request__in=BulkRequest.objects.under_way()).update(
        report=report, joined=True, state=State.GENERATING
    )
    schedule_step(report.pk)


def schedule_next_step(bulk_request: BulkRequest, *, has_more: bool) -> float | None:
    """Save when the next step is due and return the seconds until then.

    If no pack is unfinished, save the end of the request and return None.
    """
    now = timezone.now()
    if not bulk_request.packs.unfinished().exists():
        BulkRequest.objects.filter(pk=bulk_request.pk).update(ended_at=now)
        return None
    pause = dt.timedelta() if has_more else STEP_PAUSE
    BulkRequest.objects.filter(pk=bulk_request.pk).update(next_at=now + pause)
    return pause.total_seconds()


def cancel_bulk_request(pk: int, user: AbstractBaseUser) -> float | None:
    """Drop the packs that wait, and cancel the runs that the request has created.

    Runs that it has joined go on, and so do those that another request under way or another user
    has joined. Return the seconds until the next step; None if the request has ended now, or had
    ended or been cancelled before.
    """
    with transaction.atomic():
        bulk_request = lock_requests_under_way().filter(pk=pk, cancelled_at=None).first()
        if bulk_request is None:
            return None
        BulkRequest.objects.filter(pk=pk).update(
            cancelled_at=timezone.now(), cancelled_by_id=user.pk
        )
        bulk_request.packs.waiting().update(state=State.DROPPED)
        own_runs = bulk_request.packs.generating().filter(joined=False).values("report")
        transferred_ids = transfer_runs_to_other_requests(bulk_request)
        runs = Report.objects.under_way().filter(pk__in=own_runs).exclude(pk__in=transferred_ids)
        # In the order of the packs, see create_runs.
        for report in runs.exclude(audit__action=JOIN_ACTION).order_by("pack"):
            if requests.cancel_report(report, user):
                AuditEntry.objects.record(user, "cancel", report)
        record_ended_runs(bulk_request)
        return schedule_next_step(bulk_request, has_more=False)


def transfer_runs_to_other_requests(bulk_request: BulkRequest) -> list[int]:
    """Make the runs that another request has joined that request's own; return their ids."""
    joined_packs = RequestedPack.objects.generating().filter(
        bulk_request__in=BulkRequest.objects.under_way().filter(cancelled_at=None),
        joined=True,
        report__in=bulk_request.packs.generating().filter(joined=False).values("report"),
    )
    new_owners = {joined_pack.report_id: joined_pack for joined_pack in joined_packs}
    owner_ids = [joined_pack.pk for joined_pack in new_owners.values()]
    RequestedPack.objects.filter(pk__in=owner_ids).update(joined=False)
    return [report_id for report_id in new_owners if report_id]


def find_due_requests() -> list[int]:
    """Return the ids of the bulk requests whose next step is due."""
    due_requests = BulkRequest.objects.under_way().filter(next_at__lte=timezone.now())
    return list(due_requests.order_by().values_list("pk", flat=True))
