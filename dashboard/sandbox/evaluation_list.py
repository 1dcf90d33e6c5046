"""The list of a pack's or rule's evaluations (ListConfigRuleEvaluationResults), page by page.

Each page is built when it is asked for, from the state at that moment: as in the cloud, the pages
of a list need not be of one instant. Rules that were never evaluated have no rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from dashboard.sandbox.api_errors import ApiError
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.evaluation_rows import (
    EvaluationRow,
    RowBuilder,
    build_contradicting_row,
    find_resource_group,
)
from dashboard.sandbox.evaluation_times import EvaluationTimes
from dashboard.sandbox.faults import Faults
from dashboard.sandbox.list_tokens import ListPosition, ListTokens
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.parameters import (
    AnswerFields,
    find_pack,
    read_choice,
    read_comma_list,
    read_integer,
)
from dashboard.sandbox.resources import Resource, hash_to_number
from dashboard.sandbox.statuses import ALL_STATUSES

LIST_RESULTS = "ListConfigRuleEvaluationResults"
FILTER_NAMES = (
    "CompliancePackId",
    "ConfigRuleId",
    "ComplianceType",
    "Regions",
    "ResourceTypes",
    "ResourceGroupIds",
)


@dataclass(frozen=True, slots=True)
class ListCondition:
    """The status and the values that rows must have; an empty one lets all rows pass."""

    status: str
    regions: frozenset[str]
    resource_types: frozenset[str]
    resource_groups: frozenset[str]

    def matches(self, state: PackState, rule: ManagedRule, resource: Resource) -> bool:
        """Return whether the list contains this evaluation."""
        return (
            (not self.status or state.get_status(rule, resource) == self.status)
            and (not self.regions or resource.region in self.regions)
            and (not self.resource_types or resource.type in self.resource_types)
            and (not self.resource_groups or find_resource_group(resource) in self.resource_groups)
        )


class EvaluationList:
    """Answer pages of lists of evaluations, with the faults that are switched on."""

    def __init__(
        self,
        cloud_state: CloudState,
        times: EvaluationTimes,
        faults: Faults,
        clock: Callable[[], float],
        token_seconds: float,
    ) -> None:
        self._cloud_state = cloud_state
        self._times = times
        self._faults = faults
        self._tokens = ListTokens(clock, token_seconds)

    def answer_page(self, parameters: Mapping[str, str], uid: str) -> AnswerFields:
        """Return a page of the list that the parameters describe; raise ApiError for a wrong one.

        Without a pack and a rule, the list has the evaluations of all packs of the account.
        """
        limit = read_integer(parameters, "MaxResults", default=10, minimum=1, maximum=100)
        evaluation_filter = ListCondition(
            status=read_choice(parameters, "ComplianceType", ALL_STATUSES),
            regions=read_comma_list(parameters, "Regions"),
            resource_types=read_comma_list(parameters, "ResourceTypes"),
            resource_groups=read_comma_list(parameters, "ResourceGroupIds"),
        )
        rules = self._find_rules(parameters, uid)
        list_id = f"{hash_to_number(uid, *map(parameters.get, FILTER_NAMES)):x}"
        token, pack_id = parameters.get("NextToken", ""), parameters.get("CompliancePackId")
        position = self._tokens.read(list_id, token) if token else ListPosition()
        if token and self._triggers("expired-token", pack_id, position):
            raise ApiError("Invalid.NextToken")
        if self._triggers("contradicting-rows", pack_id, position):
            rows, next_position = self._collect_rows(rules, evaluation_filter, position, limit - 1)
            rows += [build_contradicting_row(row) for row in rows[:1]]
        else:
            rows, next_position = self._collect_rows(rules, evaluation_filter, position, limit)
        next_position = self._change_next_position(next_position, pack_id, position, len(rules))
        result: AnswerFields = {"MaxResults": limit, "EvaluationResultList": rows}
        if token and self._triggers("repeated-token", pack_id, position):
            result["NextToken"] = token
        elif next_position:
            result["NextToken"] = self._tokens.create(list_id, next_position)
        return {"EvaluationResults": result}

    def _find_rules(
        self, parameters: Mapping[str, str], uid: str
    ) -> list[tuple[PackState, ManagedRule]]:
        """Return the rules of the list, each with the state of its pack."""
        if parameters.get("CompliancePackId"):
            pack_ids = [find_pack(self._cloud_state, parameters, uid).id]
        else:
            pack_ids = [pack.id for pack in self._cloud_state.packs.values() if pack.uid == uid]
        rule_id = parameters.get("ConfigRuleId")
        states = [self._get_state(pack_id) for pack_id in pack_ids]
        rules = [
            (state, rule)
            for state in states
            for rule in state.rules
            if not rule_id or rule.id == rule_id
        ]
        if rule_id and not rules:
            raise ApiError("ConfigRuleNotExists")
        return rules

    def _get_state(self, pack_id: str) -> PackState:
        """Return the state of the pack's latest report, or the next one (fault `newer-results`)."""
        if self._faults.trigger("newer-results", LIST_RESULTS, pack_id):
            return self._cloud_state.peek_next_state(pack_id)
        return self._cloud_state.get_pack_state(pack_id)

    def _collect_rows(
        self,
        rules: list[tuple[PackState, ManagedRule]],
        evaluation_filter: ListCondition,
        position: ListPosition,
        limit: int,
    ) -> tuple[list[EvaluationRow], ListPosition | None]:
        """Return the rows from a position on, and the position of the next page.

        The position is None if no more rows follow.
        """
        rows: list[EvaluationRow] = []
        resource_index = position.resource_index
        for rule_index in range(position.rule_index, len(rules)):
            state, rule = rules[rule_index]
            resources = state.list_resources(rule)
            builder = RowBuilder(state, rule, self._times)
            for index in range(resource_index, len(resources)):
                if not evaluation_filter.matches(state, rule, resources[index]):
                    continue
                if len(rows) == limit:
                    return rows, ListPosition(position.page + 1, rule_index, index)
                rows.append(builder.build(resources[index]))
            resource_index = 0
        return rows, None

    def _change_next_position(
        self,
        next_position: ListPosition | None,
        pack_id: str | None,
        position: ListPosition,
        end: int,
    ) -> ListPosition | None:
        """Return the position of the next page, changed by the faults that are switched on."""
        if next_position is None and self._triggers("endless-list", pack_id, position):
            return ListPosition(position.page + 1, end)
        if next_position and self._triggers("short-list", pack_id, position):
            return None
        if not position.is_repeated and self._triggers("repeated-page", pack_id, position):
            return replace(position, is_repeated=True)
        return next_position

    def _triggers(self, fault: str, pack_id: str | None, position: ListPosition) -> bool:
        """Return whether a fault is on for this page, and count this as one use of it."""
        return self._faults.trigger(fault, LIST_RESULTS, pack_id, position.page) is not None
