"""Bulk requests: one recorded request, from which a worker creates the runs of many packs."""

import datetime as dt
from collections import Counter

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from dashboard.generation import bulk_requests, lifecycle, requests
from dashboard.models import Account, AuditEntry, BulkRequest, Pack, Report, RequestedPack

pytestmark = pytest.mark.django_db
State = RequestedPack.State


def create_packs(account: Account, count: int) -> list[Pack]:
    first = account.packs.count()
    packs = [
        Pack(account=account, pack_id=f"cp-{account.pk}-{number}", name=f"Pack {number}")
        for number in range(first, first + count)
    ]
    return Pack.objects.bulk_create(packs)


def record(user: User | None = None) -> BulkRequest:
    return bulk_requests.record_bulk_request(Pack.objects.all(), user)


def take_step(bulk_request: BulkRequest) -> float | None:
    """Take the next step at once, as if its time had come."""
    BulkRequest.objects.filter(pk=bulk_request.pk).update(next_at=bulk_request.requested_at)
    return bulk_requests.advance_bulk_request(bulk_request.pk)


def count_states(bulk_request: BulkRequest) -> Counter[str]:
    return Counter(bulk_request.packs.values_list("state", flat=True))


def end_runs(state: str = "failed") -> None:
    Report.objects.under_way().update(state=state, ended_at=timezone.now())


def test_recording_a_request_creates_no_run(account: Account, officer: User) -> None:
    create_packs(account, 3)
    bulk_request = record(officer)
    assert (bulk_request.requested_by, bulk_request.under_way) == (officer, True)
    assert count_states(bulk_request) == {"waiting": 3}
    assert not Report.objects.exists()


def test_packs_that_are_archived_or_not_in_the_cloud_are_left_out_and_counted(
    account: Account,
) -> None:
    gone, imported, archived, _pack = create_packs(account, 4)
    gone.mark_gone(timezone.now())
    Pack.objects.filter(pk=imported.pk).update(imported=True)
    Pack.objects.filter(pk=archived.pk).update(archived_at=timezone.now())
    bulk_request = record()
    assert count_states(bulk_request) == {"waiting": 1, "left-out": 3}
    take_step(bulk_request)
    assert Report.objects.count() == 1


def test_a_pack_that_goes_from_the_cloud_while_it_waits_is_left_out(account: Account) -> None:
    [pack] = create_packs(account, 1)
    bulk_request = record()
    pack.mark_gone(timezone.now())
    take_step(bulk_request)
    assert count_states(bulk_request) == {"left-out": 1}
    assert not Report.objects.exists()


def test_the_second_click_of_a_double_click_finds_the_request_of_the_first(
    account: Account, officer: User, admin_user: User
) -> None:
    create_packs(account, 2)
    first = record(officer)
    assert record(officer) == first
    assert record(admin_user) != first
    BulkRequest.objects.update(requested_at=timezone.now() - dt.timedelta(seconds=3))
    assert record(officer) != first


def test_few_runs_of_an_account_are_under_way_at_once_and_the_accounts_take_turns(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_requests, "RUNS_PER_ACCOUNT", 2)
    other_account = Account.objects.create(name="Other", uid="1000000000000002")
    create_packs(account, 5)
    create_packs(other_account, 2)
    bulk_request = record()
    take_step(bulk_request)
    runs = Counter(Report.objects.values_list("pack__account", flat=True))
    assert runs == {account.pk: 2, other_account.pk: 2}
    end_runs()
    take_step(bulk_request)
    assert count_states(bulk_request) == {"waiting": 1, "asked": 2, "failed": 4}


def test_runs_that_others_started_count_among_those_of_the_account(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_requests, "RUNS_PER_ACCOUNT", 2)
    packs = create_packs(account, 4)
    requests.request_report(packs[3], None)
    take_step(record())
    assert Report.objects.under_way().count() == 2


def test_few_runs_are_under_way_at_once_in_all(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_requests, "RUNS_IN_ALL", 3)
    create_packs(account, 5)
    bulk_request = record()
    for _ in range(3):
        take_step(bulk_request)
    assert count_states(bulk_request) == {"asked": 3, "waiting": 2}


def test_accounts_whose_cloud_takes_long_keep_no_other_account_waiting(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_requests, "RUNS_IN_ALL", 3)
    create_packs(account, 5)
    take_step(record())  # has all places
    other_account = Account.objects.create(name="Other", uid="1000000000000002")
    create_packs(other_account, 5)
    others = bulk_requests.record_bulk_request(other_account.packs.all(), None, "account=Other")
    for ended_count in (0, 2, 4):
        for _ in range(2):
            take_step(others)
        runs = Report.objects.filter(pack__account=other_account)
        assert runs.under_way().count() == min(2, 5 - ended_count)
        runs.under_way().update(state="failed", ended_at=timezone.now())
    assert Report.objects.under_way().count() == 3


def test_a_step_creates_few_runs_and_the_next_one_follows_at_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_requests, "RUNS_PER_STEP", 2)
    create_packs(account, 3)
    bulk_request = record()
    assert take_step(bulk_request) == 0
    assert take_step(bulk_request) == bulk_requests.STEP_PAUSE.total_seconds()
    assert Report.objects.count() == 3


def test_a_step_that_is_not_due_does_nothing(account: Account) -> None:
    create_packs(account, 1)
    bulk_request = record()
    take_step(bulk_request)
    end_runs()
    assert bulk_requests.advance_bulk_request(bulk_request.pk) is None
    assert count_states(bulk_request) == {"asked": 1}


def test_a_run_under_way_is_joined(account: Account, officer: User) -> None:
    packs = create_packs(account, 2)
    run = requests.request_report(packs[0], None)
    bulk_request = record(officer)
    take_step(bulk_request)
    joined, own = bulk_request.packs.order_by("pack")
    assert (joined.report, joined.joined) == (run, True)
    assert (own.joined, own.report and own.report.requested_by) == (False, officer)


def test_a_pack_that_waits_in_two_requests_gets_one_report(
    account: Account, officer: User, admin_user: User
) -> None:
    create_packs(account, 2)
    bulk_requests_under_way = [record(officer), record(admin_user)]
    for bulk_request in bulk_requests_under_way * 2:
        take_step(bulk_request)
    assert Report.objects.count() == 2
    reports = [
        set(bulk_request.packs.values_list("report", flat=True))
        for bulk_request in bulk_requests_under_way
    ]
    assert reports[0] == reports[1] == set(Report.objects.values_list("pk", flat=True))


def test_a_request_ends_when_its_last_run_has_ended(cloud_account: Account) -> None:
    bulk_request = record()
    take_step(bulk_request)
    for report in Report.objects.all():
        while report.under_way:
            Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
            lifecycle.advance_report(report.pk)
            report.refresh_from_db()
    assert take_step(bulk_request) is None
    bulk_request.refresh_from_db()
    assert count_states(bulk_request) == {"ready": cloud_account.packs.count()}
    assert not bulk_request.under_way
    assert bulk_requests.find_due_requests() == []


def test_cancelling_drops_the_waiting_packs_and_cancels_the_runs(
    account: Account, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_requests, "RUNS_PER_ACCOUNT", 2)
    create_packs(account, 4)
    bulk_request = record(officer)
    take_step(bulk_request)
    assert bulk_requests.cancel_bulk_request(bulk_request.pk, officer) is None
    assert count_states(bulk_request) == {"cancelled": 2, "dropped": 2}
    reports = list(Report.objects.all())
    assert {(report.state, report.cancelled_by) for report in reports} == {("cancelled", officer)}
    entries = AuditEntry.objects.filter(action="cancel", by=officer)
    assert {entry.report for entry in entries} == set(reports)
    bulk_request.refresh_from_db()
    assert (bulk_request.cancelled_by, bulk_request.under_way) == (officer, False)
    assert bulk_requests.cancel_bulk_request(bulk_request.pk, officer) is None
    assert take_step(bulk_request) is None
    assert Report.objects.count() == 2


def test_cancelling_leaves_the_runs_that_another_request_has_joined(
    account: Account, officer: User
) -> None:
    packs = create_packs(account, 2)
    first = record(officer)
    take_step(first)
    selected = Pack.objects.filter(pk=packs[0].pk)
    second = bulk_requests.record_bulk_request(selected, officer, "q=first")
    take_step(second)
    bulk_requests.cancel_bulk_request(first.pk, officer)
    assert Report.objects.under_way().get().pack == packs[0]
    assert count_states(first) == {"asked": 1, "cancelled": 1}
    assert not first.packs.filter(joined=True).exists()  # that run was never under way before it
    assert count_states(second) == {"asked": 1}
    bulk_requests.cancel_bulk_request(second.pk, officer)
    assert not Report.objects.under_way().exists()


def test_cancelling_leaves_the_runs_that_were_joined(account: Account, officer: User) -> None:
    packs = create_packs(account, 2)
    joined_run = requests.request_report(packs[0], None)
    bulk_request = record(officer)
    take_step(bulk_request)
    bulk_requests.cancel_bulk_request(bulk_request.pk, officer)
    assert Report.objects.under_way().get() == joined_run
    assert count_states(bulk_request) == {"asked": 1, "cancelled": 1}
    end_runs()
    take_step(bulk_request)
    assert count_states(bulk_request) == {"failed": 1, "cancelled": 1}


def test_a_cancelled_request_that_joined_a_run_goes_on_after_the_usual_pause(
    account: Account, officer: User
) -> None:
    packs = create_packs(account, 2)
    requests.request_report(packs[0], None)
    bulk_request = record(officer)
    take_step(bulk_request)
    pause = bulk_requests.cancel_bulk_request(bulk_request.pk, officer)
    assert pause == bulk_requests.STEP_PAUSE.total_seconds()


def test_cancelling_leaves_the_runs_that_another_user_has_asked_for_meanwhile(
    account: Account, officer: User, admin_user: User
) -> None:
    packs = create_packs(account, 3)
    bulk_request = record(officer)
    take_step(bulk_request)
    for user in (admin_user, admin_user, officer):
        requests.request_report(packs[0], user)
    requests.request_report(packs[1], officer)  # asks for no more than the bulk request
    entry = AuditEntry.objects.get(action="join")
    assert (entry.by, entry.report and entry.report.pack) == (admin_user, packs[0])
    bulk_requests.cancel_bulk_request(bulk_request.pk, officer)
    assert Report.objects.under_way().get().pack == packs[0]
    assert count_states(bulk_request) == {"asked": 1, "cancelled": 2}
