"""Compute the next state of a pack: what changes from one report to the next.

The same state and seed always give the same next state.
"""

from dataclasses import replace
from random import Random

from dashboard.sandbox.evaluation_history import extend_histories
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState, build_pack_rules, choose_first_status
from dashboard.sandbox.resources import Resource, build_resource
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT

CHANGED_SHARE = (0.01, 0.03)  # minimum and maximum


def compute_next_state(state: PackState, seed: int) -> PackState:
    """Return the pack's state at the next report.

    1 to 3 % of the evaluations change; sometimes a rule is added, changed or removed.
    """
    next_state = _NextState(state, seed)
    next_state.change_rules()
    rows_to_change = max(1, round(state.row_count * next_state.random.uniform(*CHANGED_SHARE)))
    for _ in range(20 * rows_to_change):  # many rounds, because an event may change nothing
        rows_to_change -= next_state.apply_random_event()
        if rows_to_change <= 0:
            break
    return next_state.build()


class _NextState:
    """A mutable copy of a pack's state, which random events change.

    Each event method (`fix_failure`, `add_failure` ...) returns how many evaluations it changed.
    Do not change the order of the random calls: another order gives other reports for a seed.
    """

    def __init__(self, state: PackState, seed: int) -> None:
        self.state, self.seed, self.pack = state, seed, state.pack
        self.random = Random(f"{seed}/{state.pack.id}/{state.step + 1}")
        self.rules = list(state.rules)
        self.resources = {
            resource_type: list(resources) for resource_type, resources in state.resources.items()
        }
        self.statuses = dict(state.statuses)
        self.next_index = dict(state.next_index)
        self.failing_keys = [
            key for key, status in state.statuses.items() if status == NON_COMPLIANT
        ]
        self.ignored_keys = [key for key, status in state.statuses.items() if status == IGNORED]
        self.random.shuffle(self.failing_keys)
        self.random.shuffle(self.ignored_keys)
        self.events = (
            self.fix_failure,
            self.add_failure,
            self.delete_resource,
            self.create_resource,
            self.ignore_failure,
            self.stop_ignoring,
        )
        # How likely each event is, in the order of `events`. A pack with `failing_share` 0 never
        # gets a failure.
        can_fail = bool(self.pack.failing_share)
        fix_weight = 35 * min(self._compute_failure_excess(), 3)
        self.weights = (fix_weight, 30 * can_fail, 3, 4, 4 * can_fail, 4 * can_fail)

    def _compute_failure_excess(self) -> float:
        """Return the share of failing evaluations, divided by the share that the pack should have.

        The share that it should have becomes smaller with each report, down to half of
        `failing_share`, as if people worked on the failures.
        """
        if not self.pack.failing_share:
            return 0
        current_share = len(self.failing_keys) / (self.state.row_count or 1)
        return current_share / (self.pack.failing_share * max(0.5, 1 - self.state.step / 150))

    def apply_random_event(self) -> int:
        """Choose an event, apply it, and return how many evaluations it changed."""
        return self.random.choices(self.events, self.weights)[0]()

    def build(self) -> PackState:
        """Return the changed state as the state of the next report."""
        step = self.state.step + 1
        histories = extend_histories(
            self.state.histories,
            self.state.statuses,
            self.statuses,
            step,
            {rule.id for rule in self.rules},
        )
        return replace(
            self.state,
            step=step,
            rules=tuple(self.rules),
            resources={
                resource_type: tuple(resources)
                for resource_type, resources in self.resources.items()
            },
            statuses=self.statuses,
            next_index=self.next_index,
            histories=histories,
        )

    def fix_failure(self) -> int:
        """Make a failing evaluation compliant; keys that no longer fail are dropped."""
        while self.failing_keys:
            key = self.failing_keys.pop()
            if self.statuses.get(key) == NON_COMPLIANT:
                del self.statuses[key]
                return 1
        return 0

    def add_failure(self) -> int:
        """Make a compliant evaluation fail."""
        rule, resources = self._choose_rule_and_resources()
        if not resources:
            return 0
        key = (rule.id, self.random.choice(resources).id)
        if key in self.statuses:
            return 0
        self.statuses[key] = NON_COMPLIANT
        return 1

    def delete_resource(self) -> int:
        """Delete a resource with its evaluations, unless its type has fewer than three."""
        _, resources = self._choose_rule_and_resources()
        if len(resources) < 3:
            return 0
        resource = resources.pop(self.random.randrange(len(resources)))
        rules = self._find_rules_for(resource.type)
        for rule in rules:
            self.statuses.pop((rule.id, resource.id), None)
        return len(rules)

    def create_resource(self) -> int:
        """Add a resource of a type that the account has, with its evaluations."""
        chosen_rule, resources = self._choose_rule_and_resources()
        if not resources:
            return 0
        resource_type = chosen_rule.resource_type
        index = self.next_index[resource_type]
        resource = build_resource(self.seed, self.pack.uid, resource_type, index)
        self.next_index[resource_type] += 1
        resources.append(resource)
        rules = self._find_rules_for(resource_type)
        for rule in rules:
            self._evaluate(rule, resource)
        return len(rules)

    def ignore_failure(self) -> int:
        """Set a failing evaluation to IGNORED, or fix one if the next key no longer fails."""
        if not self.failing_keys or self.statuses.get(self.failing_keys[-1]) != NON_COMPLIANT:
            return self.fix_failure()
        self.statuses[self.failing_keys.pop()] = IGNORED
        return 1

    def stop_ignoring(self) -> int:
        """Make an ignored evaluation fail."""
        while self.ignored_keys:
            key = self.ignored_keys.pop()
            if self.statuses.get(key) == IGNORED:
                self.statuses[key] = NON_COMPLIANT
                return 1
        return 0

    def change_rules(self) -> None:
        """In one of about eight reports, add a rule, change the risk of a rule or remove a rule."""
        chance = self.random.random()
        if chance < 0.06:
            self._add_rule()
        elif chance < 0.10:
            index = self.random.randrange(len(self.rules))
            next_risk = self.rules[index].risk % 3 + 1  # 1, 2, 3, then 1 again
            self.rules[index] = replace(self.rules[index], risk=next_risk)
        elif chance < 0.12 and len(self.rules) > 4:
            removed_rule = self.rules.pop(self.random.randrange(len(self.rules)))
            self.statuses = {
                (rule_id, resource_id): status
                for (rule_id, resource_id), status in self.statuses.items()
                if rule_id != removed_rule.id
            }

    def _add_rule(self) -> None:
        """Add the first rule of build_pack_rules that the pack does not have, and evaluate it.

        Do nothing if the pack has all of them.
        """
        unavailable = {rule.identifier for rule in self.rules} | self.state.rules_without_data
        for rule in build_pack_rules(self.pack):
            if rule.identifier not in unavailable:
                self.rules.append(rule)
                for resource in self.resources.get(rule.resource_type, ()):
                    self._evaluate(rule, resource)
                return

    def _evaluate(self, rule: ManagedRule, resource: Resource) -> None:
        """Choose and store the status of a new evaluation; COMPLIANT is not stored."""
        status = choose_first_status(self.pack, self.seed, rule, resource)
        if status != COMPLIANT:
            self.statuses[rule.id, resource.id] = status

    def _choose_rule_and_resources(self) -> tuple[ManagedRule, list[Resource]]:
        """Return a random rule and the list of the resources that it evaluates.

        The list is that in `self.resources`, so callers may change it; it is empty for a rule
        without data.
        """
        rule = self.random.choice(self.rules)
        if rule.identifier in self.state.rules_without_data:
            return rule, []
        return rule, self.resources.get(rule.resource_type, [])

    def _find_rules_for(self, resource_type: str) -> list[ManagedRule]:
        """Return the rules that evaluate resources of this type."""
        return [
            rule
            for rule in self.rules
            if rule.resource_type == resource_type
            and rule.identifier not in self.state.rules_without_data
        ]
