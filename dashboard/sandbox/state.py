"""A pack's state at one moment: its rules, its resources, and how each rule judges each resource."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from dashboard.sandbox import resources
from dashboard.sandbox import rules as managed
from dashboard.sandbox.accounts import PackPlan
from dashboard.sandbox.resources import TYPES, Resource, number
from dashboard.sandbox.rules import Rule

COMPLIANT = "COMPLIANT"
NON_COMPLIANT = "NON_COMPLIANT"
NOT_APPLICABLE = "NOT_APPLICABLE"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
IGNORED = "IGNORED"

# What decides where a rule or a resource is judged in several ways.
WORST_FIRST = (NON_COMPLIANT, COMPLIANT, IGNORED, NOT_APPLICABLE, INSUFFICIENT_DATA)


@dataclass(frozen=True)
class State:
    """`marks` holds the evaluations that are anything but compliant, by rule id and resource id."""

    plan: PackPlan
    step: int
    rules: tuple[Rule, ...]
    resources: Mapping[str, tuple[Resource, ...]]
    marks: Mapping[tuple[str, str], str]
    next_index: Mapping[str, int]
    silent: frozenset[str]
    """Rules that have no data yet, by identifier."""

    def evaluations(self, rule: Rule) -> Iterator[tuple[Resource, str]]:
        """Yield each resource that the rule judges, with its status."""
        if rule.identifier in self.silent:
            return
        for resource in self.resources.get(rule.resource_type, ()):
            yield resource, self.marks.get((rule.id, resource.id), COMPLIANT)

    @cached_property
    def rule_counts(self) -> dict[str, Counter[str]]:
        """How many resources of each status, by rule id."""
        return {
            rule.id: Counter(status for _, status in self.evaluations(rule)) for rule in self.rules
        }

    def rule_status(self, rule: Rule) -> str:
        """The rule's own status: the worst among its resources; without resources it is not applicable."""
        if rule.identifier in self.silent:
            return INSUFFICIENT_DATA
        counts = self.rule_counts[rule.id]
        return next((status for status in WORST_FIRST if counts[status]), NOT_APPLICABLE)

    @cached_property
    def resource_totals(self) -> Counter[str]:
        """How many distinct resources of each status; the worst that any rule gave a resource counts."""
        worst: dict[tuple[str, str], int] = {}
        for rule in self.rules:
            silent = rule.identifier in self.silent
            for resource in self.resources.get(rule.resource_type, ()):
                status = (
                    INSUFFICIENT_DATA
                    if silent
                    else self.marks.get((rule.id, resource.id), COMPLIANT)
                )
                key = (resource.type, resource.id)
                worst[key] = min(worst.get(key, 9), WORST_FIRST.index(status))
        return Counter(WORST_FIRST[rank] for rank in worst.values())

    @cached_property
    def distinct_resources(self) -> dict[str, int]:
        """How many distinct resources have a status under at least one rule, by status."""
        having: dict[str, set[tuple[str, str]]] = {status: set() for status in WORST_FIRST}
        for rule in self.rules:
            if rule.identifier in self.silent:
                of_type = self.resources.get(rule.resource_type, ())
                having[INSUFFICIENT_DATA].update(
                    (resource.type, resource.id) for resource in of_type
                )
            for resource, status in self.evaluations(rule):
                having[status].add((resource.type, resource.id))
        return {status: len(found) for status, found in having.items()}

    @cached_property
    def rows(self) -> int:
        return sum(counts.total() for counts in self.rule_counts.values())

    @cached_property
    def totals(self) -> Counter[str]:
        """How many evaluations of each status."""
        return sum(self.rule_counts.values(), Counter())


def first_state(plan: PackPlan, seed: int) -> State:
    """Return how a pack stands at its first report."""
    candidates = pack_rules(plan)
    chosen = candidates[: max(2, round(len(candidates) * 0.88))]
    silent = frozenset(
        {chosen[-1].identifier} if len(chosen) > 8 and plan.layout == "newer" else ()
    )
    per_type = Counter(rule.resource_type for rule in chosen if rule.identifier not in silent)
    share = plan.rows / (sum(TYPES[kind][1] * rules for kind, rules in per_type.items()) or 1)
    sizes = {kind: max(1, round(share * TYPES[kind][1])) if TYPES[kind][1] else 0 for kind in TYPES}
    owned = {
        kind: tuple(resources.make(seed, plan.uid, kind, index) for index in range(size))
        for kind, size in sizes.items()
        if any(rule.resource_type == kind for rule in candidates)
    }
    marks = {}
    for rule in chosen:
        if rule.identifier not in silent:
            for resource in owned.get(rule.resource_type, ()):
                status = verdict(plan, seed, rule, resource)
                if status != COMPLIANT:
                    marks[rule.id, resource.id] = status
    return State(plan, 0, chosen, owned, marks, {kind: len(owned[kind]) for kind in owned}, silent)


def pack_rules(plan: PackPlan) -> tuple[Rule, ...]:
    """Return the rules a pack has or may get one day, with their ids in this pack."""
    chosen: dict[str, Rule] = {}
    per_type: Counter[str] = Counter()
    for family in plan.families:
        for rule in managed.of_family(family):
            if rule.identifier not in chosen and per_type[rule.resource_type] < plan.rules_per_type:
                per_type[rule.resource_type] += 1
                chosen[rule.identifier] = rule.in_pack(
                    f"cr-{number(plan.id, rule.identifier):032x}"[:23]
                )
    return tuple(chosen.values())


def verdict(plan: PackPlan, seed: int, rule: Rule, resource: Resource) -> str:
    """Return how a rule judges a resource at first sight; one rule in three is kept by every resource."""
    if not plan.failing:
        return COMPLIANT
    strictness = (0, 1, 2)[number(seed, rule.identifier) % 3]
    chance = number(seed, plan.uid, rule.identifier, resource.id) % 10_000 / 10_000
    if chance < plan.failing * strictness:
        return NON_COMPLIANT
    if chance > 0.985:
        return IGNORED
    return NOT_APPLICABLE if chance > 0.97 else COMPLIANT
