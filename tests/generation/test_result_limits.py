"""The pages of evaluation results never exceed the account's limit of calls, and waste few."""

import datetime as dt
import random
from collections import deque
from collections.abc import Callable
from datetime import UTC

import httpx
import pytest
from django.utils import timezone
from pytest_django import Settings

from dashboard.generation import discovery, lifecycle, rate_limit, requests, result_fetching
from dashboard.models import Account, Report, ResultList
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.wsgi import Sandbox
from tests.generation.listing import LIST, State, advance_to, count_calls

pytestmark = pytest.mark.usefixtures("no_defect")
START = dt.datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = 60.0


class Clock:
    """The time of the rate limits, and of the sandbox, moved by the test."""

    def __init__(self, start: dt.datetime) -> None:
        self._start, self.seconds = start, 0.0

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=self.seconds)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(START)
    monkeypatch.setattr(rate_limit, "timezone", clock)
    monkeypatch.setattr(rate_limit, "time", clock)
    return clock


def find_fullest_minute(times: list[float]) -> int:
    """Return the highest number of calls in any sixty seconds."""
    recent: deque[float] = deque()
    fullest = 0
    for time in sorted(times):
        recent.append(time)
        while recent[0] <= time - MINUTE:
            recent.popleft()
        fullest = max(fullest, len(recent))
    return fullest


@pytest.mark.parametrize("per_minute", [1, 7, 60, 600])
def test_no_minute_has_more_calls_than_allowed_whatever_the_workers_do(
    per_minute: int, account: Account, clock: Clock, settings: Settings
) -> None:
    settings.RESULTS_PER_MINUTE = per_minute
    randomness = random.Random(per_minute)
    workers = [rate_limit.ResultCalls(account) for _ in range(50)]
    times: list[float] = []
    while clock.seconds < 200:
        worker = randomness.choice(workers)
        if not worker.seconds_until_allowed():
            # A call that is allowed now reaches the cloud a little later.
            times.append(clock.seconds)
        clock.seconds += randomness.choice([0.0, 0.0, 0.01, 0.3, 1.9])
        if randomness.random() < 0.02:
            workers[workers.index(worker)] = rate_limit.ResultCalls(account)
    assert 0 < find_fullest_minute(times) <= per_minute


def test_one_worker_may_use_nearly_all_calls_of_a_minute(
    account: Account, clock: Clock, settings: Settings
) -> None:
    settings.RESULTS_PER_MINUTE = 3000
    calls, made = rate_limit.ResultCalls(account), 0
    while clock.seconds < 60:
        clock.seconds += calls.seconds_until_allowed() or 0.002
        made += 1
    assert made > 2_500


def test_a_long_list_writes_into_the_database_for_few_of_its_pages(
    account: Account, django_assert_max_num_queries: Callable[[int], object], settings: Settings
) -> None:
    settings.RESULTS_PER_MINUTE = 3000
    calls = rate_limit.ResultCalls(account)
    queries_of_a_reservation = 4  # a savepoint, a select, an update, and the savepoint's release
    with django_assert_max_num_queries(12 * queries_of_a_reservation):  # type: ignore[attr-defined]
        for _ in range(200):
            assert calls.seconds_until_allowed() == 0


def test_a_short_list_takes_one_call_from_the_others(account: Account, settings: Settings) -> None:
    settings.RESULTS_PER_MINUTE = 60  # fifteen at once, less what is kept for slow calls
    allowed = sum(
        not rate_limit.ResultCalls(account).seconds_until_allowed() for _worker in range(100)
    )
    assert 12 <= allowed <= 15


def test_fifty_packs_at_once_exceed_no_limit_and_all_lists_come_to_their_end(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(timezone.now())
    limits = {LIST: 100, "GetConfigRule": 300}
    state = CloudState.create_many(1, 50, 250)
    sandbox = Sandbox(state, limits=limits, clock=clock.time)
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)
    settings.DOWNLOAD_HOSTS = settings.ENDPOINT_HOSTS = ["sandbox"]
    settings.GENERATE_PER_MINUTE = settings.ASK_PER_MINUTE = settings.LIST_PER_MINUTE = 100_000
    settings.RESULTS_PER_MINUTE = limits[LIST]
    reports = [
        advance_to(State.LISTING, requests.request_report(pack, None))
        for pack in create_account(sandbox).packs.all()
    ]
    monkeypatch.setattr(rate_limit, "timezone", clock)
    monkeypatch.setattr(rate_limit, "time", clock)
    monkeypatch.setattr(result_fetching, "time", clock)  # it sleeps until a call is allowed
    settings.ASK_PER_MINUTE = limits["GetConfigRule"]
    pages = count_pages(sandbox)
    assert pages > limits[LIST]
    while waiting := Report.objects.filter(state=State.LISTING):
        for report in waiting:
            Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
            lifecycle.advance_report(report.pk)
        clock.seconds += 1.5
    outcomes = set(ResultList.objects.values_list("outcome", flat=True))
    assert (len(reports), outcomes) == (50, {ResultList.Outcome.COMPLETE})
    assert count_calls(sandbox) == pages
    assert not [call for call in sandbox.call_log if call.code]


def create_account(sandbox: Sandbox) -> Account:
    known = sandbox.accounts[0]
    account = Account(name=known.name, uid=known.uid, endpoint="http://sandbox")
    account.access_key_id, account.secret = known.access_key_id, known.access_key_secret
    account.save()
    discovery.refresh_packs(account)
    return account


def count_pages(sandbox: Sandbox) -> int:
    """Return how many pages the lists of all packs have."""
    states = [sandbox.cloud_state.get_pack_state(pack_id) for pack_id in sandbox.cloud_state.packs]
    rows = [sum(len(state.list_resources(rule)) for rule in state.rules) for state in states]
    return sum(-(-count // 100) for count in rows)
