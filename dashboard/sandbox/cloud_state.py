"""The state of the whole simulated cloud: its accounts, its packs and the state of each pack."""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Self

from dashboard.sandbox.accounts import (
    DEMO_ACCOUNTS,
    SandboxAccount,
    SandboxPack,
    build_demo_packs,
    build_many_accounts,
    build_many_packs,
)
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState, build_first_state, build_pack_rules
from dashboard.sandbox.state_changes import compute_next_state


def iterate_pack_states(pack: SandboxPack, seed: int) -> Iterator[PackState]:
    """Yield the pack's state at its first report, at its second report, and so on, endlessly."""
    state = build_first_state(pack, seed)
    while True:
        yield state
        state = compute_next_state(state, seed)


class CloudState:
    """The accounts and packs of the cloud, and the current state of each pack.

    A pack starts with the state that it has after `past_weeks` weekly reports (see past_reports).
    """

    def __init__(
        self,
        seed: int = 7,
        past_weeks: int = 0,
        large_rows: int = 3000,
        accounts: tuple[SandboxAccount, ...] = DEMO_ACCOUNTS,
        packs: tuple[SandboxPack, ...] | None = None,
    ) -> None:
        self.seed = seed
        self.past_weeks = past_weeks
        self.accounts = {account.uid: account for account in accounts}
        if packs is None:
            packs = build_demo_packs(large_rows)
        self.packs = {pack.id: pack for pack in packs}
        self._next_states: dict[str, Iterator[PackState]] = {}
        self._current_states: dict[str, PackState] = {}
        self._pack_by_rule: dict[str, str] = {}
        self._lock = threading.Lock()

    @classmethod
    def create_many(
        cls,
        account_count: int = 8,
        packs_per_account: int = 25,
        rows: int = 50,
        seed: int = 7,
        past_weeks: int = 0,
        layout: str = "documented",
    ) -> Self:
        """Create a cloud of many accounts with many packs each, for benchmarks and large demos."""
        accounts = build_many_accounts(account_count)
        packs = build_many_packs(accounts, packs_per_account, rows, layout)
        return cls(seed, past_weeks, accounts=accounts, packs=packs)

    def get_pack_state(self, pack_id: str) -> PackState:
        """Return the state of the pack's latest report, or of its first one if it has no report."""
        with self._lock:
            if pack_id not in self._current_states:
                self._start_pack(pack_id)
            return self._current_states[pack_id]

    def advance_pack(self, pack_id: str) -> PackState:
        """Move the pack to the state of its next report, and return that state."""
        with self._lock:
            if pack_id not in self._current_states:
                self._start_pack(pack_id)
            self._current_states[pack_id] = next(self._next_states[pack_id])
            return self._current_states[pack_id]

    def peek_next_state(self, pack_id: str) -> PackState:
        """Return the state that the pack's next report will have, without moving to it."""
        return compute_next_state(self.get_pack_state(pack_id), self.seed)

    def find_rule(self, rule_id: str, uid: str) -> tuple[PackState, ManagedRule]:
        """Return a rule of the account, with the state of its pack.

        Raise KeyError if no pack of the account has this rule now.
        """
        with self._lock:
            if not self._pack_by_rule:
                self._pack_by_rule = {
                    rule.id: pack.id
                    for pack in self.packs.values()
                    for rule in build_pack_rules(pack)
                }
        pack = self.packs[self._pack_by_rule[rule_id]]
        state = self.get_pack_state(pack.id)
        for rule in state.rules:
            if rule.id == rule_id and pack.uid == uid:
                return state, rule
        raise KeyError(rule_id)

    def _start_pack(self, pack_id: str) -> None:
        """Give the pack its first state, which follows the states of the past weeks."""
        states = iterate_pack_states(self.packs[pack_id], self.seed)
        self._next_states[pack_id] = islice(states, self.past_weeks, None)
        self._current_states[pack_id] = next(self._next_states[pack_id])
