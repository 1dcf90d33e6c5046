"""The state of a pack at one report: its rules, its resources and its evaluations.

An evaluation is the status of one resource under one rule.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.evaluation_history import (
    NO_HISTORY,
    EvaluationHistory,
    Histories,
    extend_histories,
)
from dashboard.sandbox.managed_rules import ManagedRule, find_rules_of_family
from dashboard.sandbox.resources import (
    RESOURCE_TYPES,
    Resource,
    build_cloud_id,
    build_resource,
    hash_to_number,
)
from dashboard.sandbox.statuses import (
    COMPLIANT,
    IGNORED,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
)

# A rule or a resource has the status that comes first in this order among its evaluations.
RULE_STATUS_ORDER = (NON_COMPLIANT, COMPLIANT, IGNORED, NOT_APPLICABLE, INSUFFICIENT_DATA)


@dataclass(frozen=True)
class PackState:
    """The state of a pack at one report; `step` is the number of the report, from 0."""

    pack: SandboxPack
    step: int
    rules: tuple[ManagedRule, ...]
    resources: Mapping[str, tuple[Resource, ...]]
    """The account's resources by type."""
    statuses: Mapping[tuple[str, str], str]
    """The status of each evaluation by (rule id, resource id); only compliant ones are left out."""
    next_index: Mapping[str, int]
    """For each resource type, the index of the next resource to create (see build_resource)."""
    rules_without_data: frozenset[str]
    """The identifiers of rules that the cloud has not evaluated yet."""
    histories: Histories
    """The history of each evaluation that has ever failed or been ignored."""

    def list_resources(self, rule: ManagedRule) -> tuple[Resource, ...]:
        """Return the resources that the rule evaluates; none for a rule without data."""
        if rule.identifier in self.rules_without_data:
            return ()
        return self.resources.get(rule.resource_type, ())

    def get_status(self, rule: ManagedRule, resource: Resource) -> str:
        """Return the status of one of the rule's evaluations."""
        return self.statuses.get((rule.id, resource.id), COMPLIANT)

    def get_history(self, rule: ManagedRule, resource: Resource) -> EvaluationHistory:
        """Return the history of one of the rule's evaluations."""
        return self.histories.get((rule.id, resource.id), NO_HISTORY)

    def list_evaluations(self, rule: ManagedRule) -> Iterator[tuple[Resource, str]]:
        """Yield (resource, status) for each resource that the rule evaluates.

        Yield nothing for a rule without data.
        """
        for resource in self.list_resources(rule):
            yield resource, self.get_status(rule, resource)

    @cached_property
    def rule_counts(self) -> dict[str, Counter[str]]:
        """The number of resources by status, for each rule id."""
        return {
            rule.id: Counter(status for _, status in self.list_evaluations(rule))
            for rule in self.rules
        }

    def get_rule_status(self, rule: ManagedRule) -> str:
        """Return the worst status of the rule's evaluations.

        Without evaluations, it is NOT_APPLICABLE; for a rule without data, INSUFFICIENT_DATA.
        """
        if rule.identifier in self.rules_without_data:
            return INSUFFICIENT_DATA
        counts = self.rule_counts[rule.id]
        return next((status for status in RULE_STATUS_ORDER if counts[status]), NOT_APPLICABLE)

    @cached_property
    def resource_totals(self) -> Counter[str]:
        """The number of resources by status; each resource counts once, with its worst status."""
        worst_ranks: dict[tuple[str, str], int] = {}  # index in RULE_STATUS_ORDER by resource
        for rule in self.rules:
            for resource, status in self._list_evaluations_or_missing_data(rule):
                key = (resource.type, resource.id)
                rank = RULE_STATUS_ORDER.index(status)
                worst_ranks[key] = min(worst_ranks.get(key, rank), rank)
        return Counter(RULE_STATUS_ORDER[rank] for rank in worst_ranks.values())

    @cached_property
    def distinct_resources(self) -> dict[str, int]:
        """The number of resources that have a status under at least one rule, for each status."""
        keys_by_status: dict[str, set[tuple[str, str]]] = {
            status: set() for status in RULE_STATUS_ORDER
        }
        for rule in self.rules:
            for resource, status in self._list_evaluations_or_missing_data(rule):
                keys_by_status[status].add((resource.type, resource.id))
        return {status: len(keys) for status, keys in keys_by_status.items()}

    def _list_evaluations_or_missing_data(
        self, rule: ManagedRule
    ) -> Iterator[tuple[Resource, str]]:
        """Yield (resource, status); for a rule without data, the status is INSUFFICIENT_DATA."""
        if rule.identifier in self.rules_without_data:
            for resource in self.resources.get(rule.resource_type, ()):
                yield resource, INSUFFICIENT_DATA
        else:
            yield from self.list_evaluations(rule)

    @cached_property
    def row_count(self) -> int:
        """The number of evaluations, each of which is a row of the report file."""
        return sum(counts.total() for counts in self.rule_counts.values())

    @cached_property
    def totals(self) -> Counter[str]:
        """The number of evaluations by status."""
        return sum(self.rule_counts.values(), Counter())


def build_first_state(pack: SandboxPack, seed: int) -> PackState:
    """Return the state of a pack at its first report.

    It has about seven of eight possible rules, so that later reports can add rules. In a larger
    pack, the last rule has no data.
    """
    possible_rules = build_pack_rules(pack)
    rules = possible_rules[: max(2, round(len(possible_rules) * 0.88))]
    has_rule_without_data = len(rules) > 8 and pack.layout != "older"
    rules_without_data = frozenset({rules[-1].identifier} if has_rule_without_data else ())
    evaluated_rules = [rule for rule in rules if rule.identifier not in rules_without_data]
    resources = _build_resources(pack, seed, possible_rules, evaluated_rules)
    statuses = {}
    for rule in evaluated_rules:
        for resource in resources.get(rule.resource_type, ()):
            status = choose_first_status(pack, seed, rule, resource)
            if status != COMPLIANT:
                statuses[rule.id, resource.id] = status
    next_index = {resource_type: len(resources[resource_type]) for resource_type in resources}
    return PackState(
        pack=pack,
        step=0,
        rules=rules,
        resources=resources,
        statuses=statuses,
        next_index=next_index,
        rules_without_data=rules_without_data,
        histories=extend_histories({}, {}, statuses, 0, {rule.id for rule in rules}),
    )


def _build_resources(
    pack: SandboxPack,
    seed: int,
    possible_rules: tuple[ManagedRule, ...],
    evaluated_rules: list[ManagedRule],
) -> dict[str, tuple[Resource, ...]]:
    """Return the account's resources by type.

    Choose their number so that the rules give about `pack.rows` evaluations.
    """
    rules_per_type = Counter(rule.resource_type for rule in evaluated_rules)
    total_weight = sum(
        RESOURCE_TYPES[resource_type].weight * count
        for resource_type, count in rules_per_type.items()
    )
    scale = pack.rows / (total_weight or 1)
    possible_types = {rule.resource_type for rule in possible_rules}
    resources = {}
    for name, resource_type in RESOURCE_TYPES.items():
        if name in possible_types:
            count = max(1, round(scale * resource_type.weight)) if resource_type.weight else 0
            resources[name] = tuple(
                build_resource(seed, pack.uid, name, index) for index in range(count)
            )
    return resources


def build_pack_rules(pack: SandboxPack) -> tuple[ManagedRule, ...]:
    """Return all rules that the pack can ever have, with their ids in this pack."""
    rules: dict[str, ManagedRule] = {}
    count_per_type: Counter[str] = Counter()
    for family in pack.families:
        for rule in find_rules_of_family(family):
            if (
                rule.identifier not in rules
                and count_per_type[rule.resource_type] < pack.rules_per_type
            ):
                count_per_type[rule.resource_type] += 1
                rule_id = build_cloud_id("cr", pack.id, rule.identifier)
                rules[rule.identifier] = rule.with_id(rule_id)
    return tuple(rules.values())


def choose_first_status(pack: SandboxPack, seed: int, rule: ManagedRule, resource: Resource) -> str:
    """Return the status of a new evaluation; the same arguments always give the same status.

    Of three rules, one never fails, one fails with the pack's `failing_share`, and one fails twice
    as often.
    """
    if not pack.failing_share:
        return COMPLIANT
    strictness = hash_to_number(seed, rule.identifier) % 3  # 0, 1 or 2
    # A number from 0 to 1 that takes the place of a random number.
    chance = hash_to_number(seed, pack.uid, rule.identifier, resource.id) % 10_000 / 10_000
    if chance < pack.failing_share * strictness:
        return NON_COMPLIANT
    if chance > 0.985:
        return IGNORED
    return NOT_APPLICABLE if chance > 0.97 else COMPLIANT
