"""The estate: what the accounts own, how the rules judge it, and how both drift from report to report."""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Self

from dashboard.sandbox.accounts import (
    DEMO_ACCOUNTS,
    Account,
    PackPlan,
    demo_packs,
    many_accounts,
    many_packs,
)
from dashboard.sandbox.drift import drift
from dashboard.sandbox.state import State, first_state


def states(plan: PackPlan, seed: int) -> Iterator[State]:
    """Yield the pack's state at its first report, its second, and so on without end."""
    state = first_state(plan, seed)
    while True:
        yield state
        state = drift(state, seed)


class Estate:
    """The accounts and packs, and where each pack stands; `past_weeks` reports are taken as already made."""

    def __init__(
        self,
        seed: int = 7,
        past_weeks: int = 0,
        large_rows: int = 3000,
        accounts: tuple[Account, ...] = DEMO_ACCOUNTS,
        packs: tuple[PackPlan, ...] | None = None,
    ) -> None:
        self.seed = seed
        self.past_weeks = past_weeks
        self.accounts = {account.uid: account for account in accounts}
        self.packs = {
            plan.id: plan for plan in (demo_packs(large_rows) if packs is None else packs)
        }
        self._ahead: dict[str, Iterator[State]] = {}
        self._now: dict[str, State] = {}
        self._lock = threading.Lock()

    @classmethod
    def many(cls, accounts: int = 8, packs: int = 25, rows: int = 50, seed: int = 7) -> Self:
        """Return an estate of many accounts with many packs each, for benchmarks."""
        owners = many_accounts(accounts)
        return cls(seed, accounts=owners, packs=many_packs(owners, packs, rows))

    def state(self, pack_id: str) -> State:
        """Return how the pack stands now: as in its latest report, or as in the first one to come."""
        with self._lock:
            return self._now[pack_id] if pack_id in self._now else self._start(pack_id)

    def advance(self, pack_id: str) -> State:
        """Let the time of one report pass, and return how the pack stands then."""
        with self._lock:
            if pack_id not in self._now:
                self._start(pack_id)
            self._now[pack_id] = next(self._ahead[pack_id])
            return self._now[pack_id]

    def _start(self, pack_id: str) -> State:
        self._ahead[pack_id] = islice(states(self.packs[pack_id], self.seed), self.past_weeks, None)
        self._now[pack_id] = next(self._ahead[pack_id])
        return self._now[pack_id]
