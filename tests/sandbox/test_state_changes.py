"""Changes between reports and past reports: fixed by the seed, small, and continuous."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from dashboard.management import demo_data
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState, iterate_pack_states
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.past_reports import build_past_report_files
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock

StatusByEvaluation = dict[tuple[str, str], str]
PACK = "cp-6f0d62a3b1c94e75a208"
SMALL = "cp-7b15d6f2e09c43a88e35"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


def get_statuses(state: PackState) -> StatusByEvaluation:
    return {
        (rule.id, resource.id): status
        for rule in state.rules
        for resource, status in state.list_evaluations(rule)
    }


@pytest.fixture(scope="module")
def states_of_a_year() -> list[PackState]:
    cloud_state = CloudState()
    return list(islice(iterate_pack_states(cloud_state.packs[PACK], cloud_state.seed), 53))


def test_the_same_seed_gives_the_same_changes(states_of_a_year: list[PackState]) -> None:
    assert states_of_a_year[10] == next(
        islice(iterate_pack_states(states_of_a_year[0].pack, 7), 10, None)
    )


def test_another_seed_gives_other_resources(states_of_a_year: list[PackState]) -> None:
    assert not set(get_statuses(states_of_a_year[0])) & set(
        get_statuses(CloudState(seed=8).get_pack_state(PACK))
    )


@pytest.mark.parametrize("pack", list(CloudState().packs))
def test_every_report_differs_a_little_from_the_previous_one(pack: str) -> None:
    cloud_state = CloudState(large_rows=400)
    for older, newer in pairwise(islice(iterate_pack_states(cloud_state.packs[pack], 7), 10)):
        assert older.rules != newer.rules or get_statuses(older) != get_statuses(newer)
        common_rules = {rule.id for rule in older.rules} & {rule.id for rule in newer.rules}
        before = {
            key: status for key, status in get_statuses(older).items() if key[0] in common_rules
        }
        after = {
            key: status for key, status in get_statuses(newer).items() if key[0] in common_rules
        }
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert len(changed) <= max(12, 0.06 * len(before))


def test_every_kind_of_change_happens_in_a_year(states_of_a_year: list[PackState]) -> None:
    transitions: set[tuple[str | None, str | None]] = set()
    for older, newer in pairwise(states_of_a_year):
        before, after = get_statuses(older), get_statuses(newer)
        transitions |= {(before.get(key), after.get(key)) for key in before.keys() | after.keys()}
    assert transitions >= {
        (NON_COMPLIANT, COMPLIANT),
        (COMPLIANT, NON_COMPLIANT),
        (NON_COMPLIANT, IGNORED),
        (IGNORED, NON_COMPLIANT),
        (COMPLIANT, None),
        (None, COMPLIANT),
    }
    assert len({frozenset(rule.id for rule in state.rules) for state in states_of_a_year}) > 1
    assert len({tuple(rule.risk for rule in state.rules) for state in states_of_a_year}) > 2


def test_histories_name_the_steps_at_which_evaluations_changed(
    states_of_a_year: list[PackState],
) -> None:
    fixed, failing, ignored = 0, 0, 0
    for older, newer in pairwise(states_of_a_year):
        before, after = get_statuses(older), get_statuses(newer)
        for key in before.keys() & after.keys():
            old, new = older.histories.get(key), newer.histories.get(key)
            if before[key] == after[key]:
                assert old == new
            elif new and after[key] == COMPLIANT:
                fixed += new.fixed_step == newer.step
                assert old
                assert new.failing_step == old.failing_step
            elif new and after[key] == NON_COMPLIANT:
                failing += new.failing_step == newer.step
            elif new and after[key] == IGNORED:
                ignored += new.ignored_step == newer.step
    assert min(fixed, failing, ignored) > 10


def test_resources_are_unique(states_of_a_year: list[PackState]) -> None:
    for state in (states_of_a_year[0], states_of_a_year[-1]):
        ids = [(kind, resource.id) for kind, owned in state.resources.items() for resource in owned]
        assert len(ids) == len(set(ids))


def test_the_first_live_report_continues_the_past_reports(
    clock: Clock, states_of_a_year: list[PackState]
) -> None:
    sandbox = Sandbox(clock=clock, past_weeks=52)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    caller.generate_report(PACK)
    assert sandbox.cloud_state.get_pack_state(PACK) == states_of_a_year[52]


@pytest.mark.parametrize(
    "pack",
    [
        pack
        for pack in CloudState(large_rows=demo_data.LARGE_PACK_ROWS).packs.values()
        if pack.failing_share
    ],
    ids=lambda pack: pack.id,
)
def test_the_second_report_that_a_visitor_of_the_demo_generates_shows_what_was_fixed(
    pack: SandboxPack,
) -> None:
    first, second = islice(iterate_pack_states(pack, 7), demo_data.WEEKS, demo_data.WEEKS + 2)
    before, after = get_statuses(first), get_statuses(second)
    assert [
        key
        for key, status in after.items()
        if status == COMPLIANT and before.get(key) == NON_COMPLIANT
    ]


def test_the_first_report_shows_the_state_before_it(sandbox: Sandbox, caller: Caller) -> None:
    before = sandbox.cloud_state.get_pack_state(PACK)
    caller.generate_report(PACK)
    assert sandbox.cloud_state.get_pack_state(PACK) is before
    caller.get_report(PACK)
    caller.generate_report(PACK)
    assert sandbox.cloud_state.get_pack_state(PACK).step == 1


def test_past_reports_are_weekly_named_in_beijing_time_and_end_in_time() -> None:
    files = list(build_past_report_files(CloudState(), 4, until=UNTIL, packs=[SMALL]))
    times = [created_at for _, _, created_at in files]
    assert all(
        timedelta(days=6) < later - earlier < timedelta(days=8)
        for earlier, later in pairwise(times)
    )
    assert times[-1] < UNTIL
    for name, content, created_at in files:
        beijing_time = created_at + timedelta(hours=8)
        assert name == f"1739264850173625-{SMALL}-report-{beijing_time:%Y%m%d%H%M}.xls"
        assert content[:4] == bytes.fromhex("d0cf11e0")


def test_past_reports_cover_every_pack_and_are_the_same_each_time() -> None:
    first = list(build_past_report_files(CloudState(large_rows=100), 1, until=UNTIL))
    assert first == list(build_past_report_files(CloudState(large_rows=100), 1, until=UNTIL))
    assert {name.split("-report-")[0].split("-", 1)[1] for name, _, _ in first} == set(
        CloudState().packs
    )
