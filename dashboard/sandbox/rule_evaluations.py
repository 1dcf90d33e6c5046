"""The evaluations of rules that clients have started with StartConfigRuleEvaluation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

from dashboard.sandbox.resources import hash_to_number


@dataclass(frozen=True, slots=True)
class StartedEvaluation:
    """An evaluation of one rule; the times are seconds of the sandbox's clock."""

    started_at: float
    ends_at: float

    @property
    def ended_ms(self) -> int:
        """The time of its end in milliseconds, rounded up: never before the client asked."""
        return ceil(self.ends_at * 1000)


class RuleEvaluations:
    """Remember, for each rule, the evaluation that was started last and the one that ended last.

    An evaluation takes from half of `evaluation_seconds` to all of it, always the same for a rule.
    """

    def __init__(self, clock: Callable[[], float], evaluation_seconds: float) -> None:
        self._clock = clock
        self._evaluation_seconds = evaluation_seconds
        self._last_started: dict[str, StartedEvaluation] = {}
        self._last_ended: dict[str, StartedEvaluation] = {}

    def start(self, rule_ids: Iterable[str]) -> None:
        """Start an evaluation of each rule; one that still runs is replaced by the new one."""
        now = self._clock()
        for rule_id in rule_ids:
            ended = self.get_last_ended(rule_id)
            if ended:
                self._last_ended[rule_id] = ended
            share = (50 + hash_to_number("evaluation", rule_id) % 51) / 100
            self._last_started[rule_id] = StartedEvaluation(
                now, now + share * self._evaluation_seconds
            )

    def get_last_ended(self, rule_id: str) -> StartedEvaluation | None:
        """Return the latest evaluation of the rule that has ended; None if there is none."""
        started = self._last_started.get(rule_id)
        if started and started.ends_at <= self._clock():
            return started
        return self._last_ended.get(rule_id)

    def is_running(self, rule_id: str) -> bool:
        """Return whether an evaluation of the rule has been started and has not ended yet."""
        started = self._last_started.get(rule_id)
        return started is not None and started.ends_at > self._clock()
