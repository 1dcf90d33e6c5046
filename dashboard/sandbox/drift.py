"""Drift: how a pack differs at its next report, the same for the same seed and step."""

from dataclasses import replace
from random import Random

from dashboard.sandbox import resources
from dashboard.sandbox.resources import Resource
from dashboard.sandbox.rules import Rule
from dashboard.sandbox.state import COMPLIANT, IGNORED, NON_COMPLIANT, State, pack_rules, verdict

CHANGED_SHARE = (0.01, 0.03)


def drift(state: State, seed: int) -> State:
    """Return the state one report later: 1 to 3 % of the rows differ, now and then a rule."""
    change = _Change(state, seed)
    change.rules_drift()
    budget = max(1, round(state.rows * change.random.uniform(*CHANGED_SHARE)))
    for _ in range(20 * budget):  # an attempt may find nothing to change
        budget -= change.one_event()
        if budget <= 0:
            break
    return change.result()


class _Change:
    """The next state in the making."""

    def __init__(self, state: State, seed: int) -> None:
        self.state, self.seed, self.plan = state, seed, state.plan
        self.random = Random(f"{seed}/{state.plan.id}/{state.step + 1}")
        self.rules = list(state.rules)
        self.resources = {kind: list(owned) for kind, owned in state.resources.items()}
        self.marks = dict(state.marks)
        self.next_index = dict(state.next_index)
        self.failing = [key for key, status in state.marks.items() if status == NON_COMPLIANT]
        self.ignored = [key for key, status in state.marks.items() if status == IGNORED]
        self.random.shuffle(self.failing)
        self.random.shuffle(self.ignored)
        share = len(self.failing) / (state.rows or 1)
        # The share of failures is drawn towards the pack's own, which falls slowly: somebody is at work.
        pull = (
            share / (self.plan.failing * max(0.5, 1 - state.step / 150)) if self.plan.failing else 0
        )
        failing = bool(self.plan.failing)
        self.events = (self.fix, self.fail, self.lose, self.gain, self.ignore, self.end_ignore)
        self.weights = (35 * min(pull, 3), 30 * failing, 3, 4, 4 * failing, 4 * failing)

    def one_event(self) -> int:
        """Let one thing happen; return how many rows it changed."""
        return self.random.choices(self.events, self.weights)[0]()

    def result(self) -> State:
        owned = {kind: tuple(of_kind) for kind, of_kind in self.resources.items()}
        return replace(
            self.state,
            step=self.state.step + 1,
            rules=tuple(self.rules),
            resources=owned,
            marks=self.marks,
            next_index=self.next_index,
        )

    def fix(self) -> int:
        while self.failing:
            key = self.failing.pop()
            if self.marks.get(key) == NON_COMPLIANT:
                del self.marks[key]
                return 1
        return 0

    def fail(self) -> int:
        rule, of_type = self._judged()
        if not of_type:
            return 0
        key = (rule.id, self.random.choice(of_type).id)
        if key in self.marks:
            return 0
        self.marks[key] = NON_COMPLIANT
        return 1

    def lose(self) -> int:
        _, of_type = self._judged()
        if len(of_type) < 3:
            return 0
        resource = of_type.pop(self.random.randrange(len(of_type)))
        judges = self._judges(resource.type)
        for judge in judges:
            self.marks.pop((judge.id, resource.id), None)
        return len(judges)

    def gain(self) -> int:
        rule, of_type = self._judged()
        if not of_type:
            return 0
        kind = rule.resource_type
        resource = resources.make(self.seed, self.plan.uid, kind, self.next_index[kind])
        self.next_index[kind] += 1
        of_type.append(resource)
        judges = self._judges(kind)
        for judge in judges:
            self._judge(judge, resource)
        return len(judges)

    def ignore(self) -> int:
        if not self.failing or self.marks.get(self.failing[-1]) != NON_COMPLIANT:
            return self.fix()
        self.marks[self.failing.pop()] = IGNORED
        return 1

    def end_ignore(self) -> int:
        while self.ignored:
            key = self.ignored.pop()
            if self.marks.get(key) == IGNORED:
                self.marks[key] = NON_COMPLIANT
                return 1
        return 0

    def rules_drift(self) -> None:
        """Now and then a rule is added, gets another risk, or is taken out."""
        chance = self.random.random()
        if chance < 0.06:
            self._add_rule()
        elif chance < 0.10:
            index = self.random.randrange(len(self.rules))
            self.rules[index] = replace(self.rules[index], risk=self.rules[index].risk % 3 + 1)
        elif chance < 0.12 and len(self.rules) > 4:
            gone = self.rules.pop(self.random.randrange(len(self.rules)))
            self.marks = {key: status for key, status in self.marks.items() if key[0] != gone.id}

    def _add_rule(self) -> None:
        present = {rule.identifier for rule in self.rules} | self.state.silent
        spare = [rule for rule in pack_rules(self.plan) if rule.identifier not in present]
        if spare:
            self.rules.append(spare[0])
            for resource in self.resources.get(spare[0].resource_type, ()):
                self._judge(spare[0], resource)

    def _judge(self, rule: Rule, resource: Resource) -> None:
        status = verdict(self.plan, self.seed, rule, resource)
        if status != COMPLIANT:
            self.marks[rule.id, resource.id] = status

    def _judged(self) -> tuple[Rule, list[Resource]]:
        """Return a rule at random and the resources it judges."""
        rule = self.random.choice(self.rules)
        judged = (
            []
            if rule.identifier in self.state.silent
            else self.resources.get(rule.resource_type, [])
        )
        return rule, judged

    def _judges(self, kind: str) -> list[Rule]:
        return [
            r
            for r in self.rules
            if r.resource_type == kind and r.identifier not in self.state.silent
        ]
