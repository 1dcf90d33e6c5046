"""The counts of a made-up pack's weekly reports: how many evaluations of which risk fail."""

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from dashboard.models import Risk, Status
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.resources import Resource

# How many failing evaluations come and leave in a week: in most weeks little changes.
CAME_CHOICES = (0, 0, 0, 0, 1, 1, 2, 5)
LEFT_CHOICES = (0, 0, 0, 1, 1, 2, 3)


class PackEvaluation(NamedTuple):
    """The evaluation of a resource by a rule in the newest report of a pack."""

    rule: ManagedRule
    resource: Resource
    status: Status


class WeekNumbers(NamedTuple):
    """How many evaluations fail in a report, and how many came and left since the one before.

    `came` and `left` are None in the first report.
    """

    failing: int
    came: int | None
    left: int | None


class ReportNumbers:
    """The counts of a pack's reports, which follow from how many of its evaluations fail.

    The evaluations fail in a fixed order: in a report with n failing ones, these are the first n.
    Those that fail in the newest report come first.
    """

    def __init__(self, evaluations: Sequence[PackEvaluation]) -> None:
        by_status: dict[Status, list[PackEvaluation]] = defaultdict(list)
        for evaluation in evaluations:
            by_status[evaluation.status].append(evaluation)
        failing, compliant = by_status[Status.NON_COMPLIANT], by_status[Status.COMPLIANT]
        for some_evaluations in (failing, compliant):
            random.Random(len(evaluations)).shuffle(some_evaluations)
        self.failing_order = failing + compliant
        self.newest_failing = len(failing)
        self.rows = len(evaluations)
        self.ignored = len(by_status[Status.IGNORED])

    @property
    def max_failing(self) -> int:
        return len(self.failing_order)

    @cached_property
    def by_risk(self) -> dict[int, list[int]]:
        """How many of the first n failing evaluations have each risk."""
        return {
            risk: [0, *accumulate(int(row.rule.risk == risk) for row in self.failing_order)]
            for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW)
        }

    @cached_property
    def failing_resources(self) -> list[int]:
        """How many resources the first n failing evaluations are of."""
        resources: set[tuple[str, str]] = set()
        counts = [0]
        for row in self.failing_order:
            resources.add((row.resource.type, row.resource.id))
            counts.append(len(resources))
        return counts

    def choose_weeks(self, count: int, chance: random.Random) -> list[WeekNumbers]:
        """Return the numbers of `count` reports, oldest first, that lead to the newest one's."""
        if not count:
            return []
        failing = self.newest_failing
        weeks = []
        for _ in range(count - 1):
            came = min(chance.choice(CAME_CHOICES), failing)
            left = min(chance.choice(LEFT_CHOICES), self.max_failing - failing + came)
            weeks.append(WeekNumbers(failing, came, left))
            failing += left - came
        return [WeekNumbers(failing, None, None), *reversed(weeks)]

    def build_counts(self, failing: int) -> dict[str, int]:
        """Return the counts of a report, by the columns of Report."""
        compliant = self.max_failing - failing
        failing_resources = self.failing_resources[failing]
        return {
            "rows": self.rows,
            "failing": failing,
            "failing_high": self.by_risk[Risk.HIGH][failing],
            "failing_medium": self.by_risk[Risk.MEDIUM][failing],
            "failing_low": self.by_risk[Risk.LOW][failing],
            "compliant": compliant,
            "ignored": self.ignored,
            "rated_compliant": compliant,
            "rated_failing": failing,
            # The resources of all evaluations that are compliant or fail, without those that fail.
            "resources_compliant": self.failing_resources[-1] - failing_resources,
            "resources_failing": failing_resources,
        }
