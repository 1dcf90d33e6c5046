"""The counts of made-up reports: how many evaluations of which risk fail on how many resources."""

import random
from functools import cached_property
from itertools import accumulate

from dashboard.models import Risk, Status

RULES_PER_RESOURCE = 5
RESOURCE_TYPES = ("ACS::ECS::Instance", "ACS::OSS::Bucket")
RULES_PER_PACK = len(RESOURCE_TYPES) * RULES_PER_RESOURCE


class ReportNumbers:
    """The counts of a report by the number of its failing rows.

    A row is the evaluation of one resource by one rule. The rows fail in a fixed order, so that
    all counts of a report follow from how many of its rows fail.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.ignored = rows // 50
        # The rows that are never ignored, in the order in which they fail.
        self.failing_order = list(range(rows - self.ignored))
        random.Random(rows).shuffle(self.failing_order)

        self.judged_resources = len({get_resource(row) for row in self.failing_order})

    @property
    def max_failing(self) -> int:
        return len(self.failing_order)

    @cached_property
    def by_risk(self) -> dict[Risk, list[int]]:
        """How many of the first n failing rows have each risk."""
        return {
            risk: [0, *accumulate(int(get_risk(row) == risk) for row in self.failing_order)]
            for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW)
        }

    @cached_property
    def failing_resources(self) -> list[int]:
        """How many resources the first n failing rows are of."""
        resources: set[int] = set()
        counts = [0]
        for row in self.failing_order:
            resources.add(get_resource(row))
            counts.append(len(resources))
        return counts

    def list_statuses(self, failing: int) -> list[Status]:
        """Return the status of each row of a report."""
        statuses = [Status.COMPLIANT] * (self.rows - self.ignored)
        for row in self.failing_order[:failing]:
            statuses[row] = Status.NON_COMPLIANT
        return statuses + [Status.IGNORED] * self.ignored

    def build_counts(self, failing: int) -> dict[str, int]:
        """Return the counts of a report, by the columns of Report."""
        compliant = self.rows - self.ignored - failing
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
            "resources_compliant": self.judged_resources - failing_resources,
            "resources_failing": failing_resources,
        }


def get_resource(row: int) -> int:
    """Return the number of a row's resource, which stands under all rules of its type."""
    return row // RULES_PER_RESOURCE


def get_type(row: int) -> str:
    return RESOURCE_TYPES[get_resource(row) % len(RESOURCE_TYPES)]


def get_rule(row: int) -> int:
    """Return the number of a row's rule."""
    type_number = get_resource(row) % len(RESOURCE_TYPES)
    return type_number * RULES_PER_RESOURCE + row % RULES_PER_RESOURCE


def get_risk(row: int) -> Risk:
    return get_risk_of_rule(get_rule(row))


def get_risk_of_rule(rule: int) -> Risk:
    return Risk(1 + rule % 3)
