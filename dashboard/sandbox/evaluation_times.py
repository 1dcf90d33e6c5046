"""The times of evaluations: when the cloud evaluated which rule and resource, and why.

The cloud evaluates a rule when a resource changes, each day, or when a client asks for it. A status
that changed from one report to the next changed at a fixed time between the two.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.past_reports import compute_past_report_time
from dashboard.sandbox.resources import hash_to_number
from dashboard.sandbox.rule_evaluations import RuleEvaluations

CHANGE, SCHEDULE = "ConfigurationItemChangeNotification", "ScheduledNotification"
MANUAL = "Manual"
DAY_MS = 24 * 60 * 60 * 1000
DAYS_BEFORE_FIRST_REPORT = 300


class EvaluationTime(NamedTuple):
    """The time of an evaluation in milliseconds, and what caused it (CHANGE, SCHEDULE, MANUAL)."""

    at_ms: int
    trigger: str


@cache
def list_triggers(rule: ManagedRule) -> tuple[str, ...]:
    """Return what causes evaluations of the rule, always the same for a managed rule."""
    choices = ((CHANGE,), (SCHEDULE,), (CHANGE, SCHEDULE))
    return choices[hash_to_number("triggers", rule.identifier) % len(choices)]


class EvaluationTimes:
    """Compute the times of a pack's evaluations from the creation times of its reports.

    `past_weeks` reports were created before `past_until`, which must have a time zone. The time of
    each later report is told with `set_report_time`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        rule_evaluations: RuleEvaluations,
        past_weeks: int,
        past_until: datetime,
    ) -> None:
        self._clock = clock
        self._rule_evaluations = rule_evaluations
        self._past_weeks = past_weeks
        self._past_until = past_until
        self._report_times: dict[tuple[str, int], int] = {}
        self._first_report_times: dict[str, int] = {}

    def set_report_time(self, pack_id: str, step: int, created_ms: int) -> None:
        """Set the creation time of a report in milliseconds."""
        if step == self._past_weeks:
            self._first_report_times[pack_id] = created_ms
        else:
            self._report_times[pack_id, step] = created_ms

    def get_report_time(self, pack_id: str, step: int) -> int:
        """Return the creation time of a report in milliseconds; now for one that does not exist.

        The first report after the past ones shows what was so at `past_until` already, so this is
        its time here.
        """
        created_ms = self._report_times.get((pack_id, step))
        if created_ms is not None:
            return created_ms
        if step > self._past_weeks:
            return self._get_now()
        past_time = self._past_until
        if step < self._past_weeks:
            past_time = compute_past_report_time(pack_id, step, self._past_weeks, past_time)
        created_ms = to_milliseconds(past_time)
        self._report_times[pack_id, step] = created_ms
        return created_ms

    def compute_change_time(self, pack_id: str, step: int, number: int) -> int:
        """Return the time in milliseconds of a change that the report `step` is the first to show.

        `number` is a hash of what changed; it fixes the time between the two reports. What the
        first report of a pack shows has changed in the months before it.
        """
        end = self.get_report_time(pack_id, step)
        if not step:
            start = end - DAYS_BEFORE_FIRST_REPORT * DAY_MS
        elif step == self._past_weeks + 1 and pack_id in self._first_report_times:
            start = self._first_report_times[pack_id]
        else:
            start = self.get_report_time(pack_id, step - 1)
        return end - (end - start) * (number % 900) // 1000

    def find_latest_evaluation(self, rule: ManagedRule) -> EvaluationTime:
        """Return the latest evaluation of all the rule's resources; time 0 if there is none.

        It was a daily one, or one that a client asked for.
        """
        latest = EvaluationTime(0, list_triggers(rule)[0])
        if SCHEDULE in list_triggers(rule):
            now = self._get_now()
            time_of_day = hash_to_number("time of day", rule.id)
            latest = EvaluationTime(now - (now - time_of_day) % DAY_MS, SCHEDULE)
        asked = self._rule_evaluations.get_last_ended(rule.id)
        if asked:
            latest = max(latest, EvaluationTime(asked.ended_ms, MANUAL))
        return latest

    def _get_now(self) -> int:
        return int(self._clock() * 1000)


def to_milliseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
