"""Drift and history: the same for the same seed, a little different each time, one unbroken line."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from dashboard.sandbox.estate import Estate, states
from dashboard.sandbox.history import history
from dashboard.sandbox.state import COMPLIANT, IGNORED, NON_COMPLIANT, State
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock

Rows = dict[tuple[str, str], str]
PACK = "cp-6f0d62a3b1c94e75a208"
SMALL = "cp-7b15d6f2e09c43a88e35"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


def rows(state: State) -> Rows:
    return {
        (rule.id, resource.id): status
        for rule in state.rules
        for resource, status in state.evaluations(rule)
    }


@pytest.fixture(scope="module")
def year() -> list[State]:
    estate = Estate()
    return list(islice(states(estate.packs[PACK], estate.seed), 53))


def test_the_same_seed_gives_the_same_drift(year: list[State]) -> None:
    assert year[10] == next(islice(states(year[0].plan, 7), 10, None))


def test_another_seed_gives_other_resources(year: list[State]) -> None:
    assert not set(rows(year[0])) & set(rows(Estate(seed=8).state(PACK)))


@pytest.mark.parametrize("pack", list(Estate().packs))
def test_every_report_differs_a_little_from_the_last(pack: str) -> None:
    estate = Estate(large_rows=400)
    for older, newer in pairwise(islice(states(estate.packs[pack], 7), 10)):
        assert older.rules != newer.rules or rows(older) != rows(newer)
        kept = {rule.id for rule in older.rules} & {rule.id for rule in newer.rules}
        before = {key: status for key, status in rows(older).items() if key[0] in kept}
        after = {key: status for key, status in rows(newer).items() if key[0] in kept}
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert len(changed) <= max(12, 0.06 * len(before))


def test_everything_happens_in_a_year(year: list[State]) -> None:
    seen: set[tuple[str | None, str | None]] = set()
    for older, newer in pairwise(year):
        before, after = rows(older), rows(newer)
        seen |= {(before.get(key), after.get(key)) for key in before.keys() | after.keys()}
    assert seen >= {
        (NON_COMPLIANT, COMPLIANT),
        (COMPLIANT, NON_COMPLIANT),
        (NON_COMPLIANT, IGNORED),
        (IGNORED, NON_COMPLIANT),
        (COMPLIANT, None),
        (None, COMPLIANT),
    }
    assert len({frozenset(rule.id for rule in state.rules) for state in year}) > 1
    assert len({tuple(rule.risk for rule in state.rules) for state in year}) > 2


def test_resources_are_unique(year: list[State]) -> None:
    for state in (year[0], year[-1]):
        ids = [(kind, resource.id) for kind, owned in state.resources.items() for resource in owned]
        assert len(ids) == len(set(ids))


def test_a_live_report_continues_the_history(clock: Clock, year: list[State]) -> None:
    sandbox = Sandbox(clock=clock, past_weeks=52)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    caller.generate(PACK)
    assert sandbox.estate.state(PACK) == year[52]


def test_the_first_report_is_what_the_cloud_counted_before_it(
    sandbox: Sandbox, caller: Caller
) -> None:
    before = sandbox.estate.state(PACK)
    caller.generate(PACK)
    assert sandbox.estate.state(PACK) is before
    caller.report(PACK)
    caller.generate(PACK)
    assert sandbox.estate.state(PACK).step == 1


def test_history_is_weekly_named_in_beijing_time_and_ends_before_its_end() -> None:
    made = list(history(Estate(), 4, until=UNTIL, packs=[SMALL]))
    times = [created_at for _, _, created_at in made]
    assert all(
        timedelta(days=6) < later - earlier < timedelta(days=8)
        for earlier, later in pairwise(times)
    )
    assert times[-1] < UNTIL
    for name, content, created_at in made:
        beijing = created_at + timedelta(hours=8)
        assert name == f"1739264850173625-{SMALL}-report-{beijing:%Y%m%d%H%M}.xls"
        assert content[:4] == bytes.fromhex("d0cf11e0")


def test_history_covers_every_pack_and_is_the_same_each_time() -> None:
    first = list(history(Estate(large_rows=100), 1, until=UNTIL))
    assert first == list(history(Estate(large_rows=100), 1, until=UNTIL))
    assert {name.split("-report-")[0].split("-", 1)[1] for name, _, _ in first} == set(
        Estate().packs
    )
