"""Transactions at the same time: the second of two clicks waits, and there is no deadlock."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier, Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from dashboard.cloud.answers import CloudPack
from dashboard.generation import bulk_requests, cloud_client, discovery, ownership, requests
from dashboard.models import Account, BulkRequest, Pack, Report
from dashboard.models.pack_archiving import archive_packs

WAIT_SECONDS = 20
pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only"),
    pytest.mark.django_db(transaction=True),
]


def run_together(*functions: Callable[[], object]) -> list[object]:
    """Run the functions in threads of their own, and return their results."""

    def run(function: Callable[[], object]) -> object:
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(run, function) for function in functions]
        return [future.result(WAIT_SECONDS) for future in futures]


def create_packs(account: Account, count: int) -> list[Pack]:
    """Create packs whose order by name and pack ID is the opposite of the order of their ids."""
    return [
        Pack.objects.create(account=account, pack_id=f"cp-{99 - number}", name=f"{99 - number}")
        for number in range(count)
    ]


def test_two_clicks_at_the_same_time_make_one_bulk_request(account: Account, officer: User) -> None:
    create_packs(account, 3)
    barrier = Barrier(2)

    def click() -> object:
        user = User.objects.get(pk=officer.pk)
        barrier.wait()
        return bulk_requests.record_bulk_request(Pack.objects.all(), user)

    first, second = run_together(click, click)
    assert first == second
    assert BulkRequest.objects.count() == 1


def test_a_bulk_step_a_refresh_and_archiving_do_not_deadlock(
    account: Account, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs = create_packs(account, 50)
    cloud_packs = [build_cloud_pack(pack) for pack in reversed(packs)]
    monkeypatch.setattr(ownership, "require_own_key", lambda _account: None)
    monkeypatch.setattr(cloud_client, "open_client", lambda _account: nullcontext())
    monkeypatch.setattr(discovery, "list_packs", lambda _client, _account: cloud_packs)
    monkeypatch.setattr(bulk_requests, "RUNS_PER_ACCOUNT", 50)
    pk = bulk_requests.record_bulk_request(Pack.objects.all(), officer).pk
    half_done = Event()
    create_report = requests.create_report

    def create_slowly(pack: Pack, *arguments: Any) -> Report:
        if pack == packs[25]:
            half_done.set()
            time.sleep(1)
        return create_report(pack, *arguments)

    monkeypatch.setattr(requests, "create_report", create_slowly)
    run_together(
        lambda: bulk_requests.advance_bulk_request(pk),
        lambda: half_done.wait() and discovery.refresh_packs(account),
        lambda: half_done.wait() and archive_packs(Pack.objects.all(), officer),
    )
    assert Report.objects.count() == 50
    assert Pack.objects.exclude(archived_at=None).count() == 50


def build_cloud_pack(pack: Pack) -> CloudPack:
    return CloudPack(
        pack_id=pack.pack_id,
        name=pack.name,
        account_id=pack.account.uid,
        template_id="",
        description="",
        risk=1,
        status="ACTIVE",
        created_at_ms=None,
    )
