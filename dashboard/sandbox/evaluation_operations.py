"""The operations about evaluations: their list, the details of a rule, and a new evaluation."""

from collections.abc import Callable
from datetime import UTC, datetime

from dashboard.sandbox.api_errors import ApiError
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.evaluation_list import LIST_RESULTS, EvaluationList
from dashboard.sandbox.evaluation_times import EvaluationTimes
from dashboard.sandbox.faults import Faults
from dashboard.sandbox.http_request import SandboxRequest
from dashboard.sandbox.parameters import (
    GET,
    POST,
    AnswerFields,
    Operation,
    find_pack,
    read_choice,
)
from dashboard.sandbox.rule_details import (
    EVALUATING,
    FAILED,
    INACTIVE,
    build_rule_details,
    choose_condition,
)
from dashboard.sandbox.rule_evaluations import RuleEvaluations

GET_RULE, START_EVALUATION = "GetConfigRule", "StartConfigRuleEvaluation"
# The condition that GetConfigRule answers while a fault is on (see rule_details).
FAULT_CONDITIONS = {
    "inactive-rule": INACTIVE,
    "failing-rule": FAILED,
    "evaluating-rule": EVALUATING,
}


class EvaluationOperations:
    """Answer the operations about evaluations; `uid` is the id of the calling account."""

    def __init__(
        self,
        cloud_state: CloudState,
        faults: Faults,
        clock: Callable[[], float],
        *,
        past_until: datetime | None,
        evaluation_seconds: float,
        token_seconds: float,
    ) -> None:
        self._cloud_state = cloud_state
        self._faults = faults
        self._rule_evaluations = RuleEvaluations(clock, evaluation_seconds)
        past_until = past_until or datetime.fromtimestamp(clock(), UTC)
        self.times = EvaluationTimes(
            clock, self._rule_evaluations, cloud_state.past_weeks, past_until
        )
        self._list = EvaluationList(cloud_state, self.times, faults, clock, token_seconds)

    def list_operations(self) -> dict[str, Operation]:
        """Return the operations by name."""
        return {
            LIST_RESULTS: ((GET, POST), self._list_results),
            GET_RULE: ((GET, POST), self._get_rule),
            START_EVALUATION: ((POST,), self._start_evaluation),
        }

    def _list_results(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer a page of evaluations."""
        return self._list.answer_page(request.parameters, uid)

    def _get_rule(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Answer the details of a rule."""
        rule_id = request.get_parameter("ConfigRuleId")
        if not rule_id:
            raise ApiError("MissingParameter", "ConfigRuleId")
        try:
            state, rule = self._cloud_state.find_rule(rule_id, uid)
        except KeyError:
            raise ApiError("ConfigRuleNotExists") from None
        condition = choose_condition(state, rule)
        for fault, fault_condition in FAULT_CONDITIONS.items():
            if self._faults.trigger(fault, GET_RULE, state.pack.id):
                condition = fault_condition
        details = build_rule_details(state, rule, condition, self.times, self._rule_evaluations)
        return {"ConfigRule": details}

    def _start_evaluation(self, request: SandboxRequest, uid: str) -> AnswerFields:
        """Start an evaluation of a rule, or of all rules of a pack.

        It moves the times of the rules and their rows, and changes no status: what is ignored stays
        ignored even if the client asks for the opposite.
        """
        read_choice(request.parameters, "RevertEvaluation", ("true", "false"))
        rule_id = request.get_parameter("ConfigRuleId")
        if rule_id:
            try:
                self._cloud_state.find_rule(rule_id, uid)
            except KeyError:
                raise ApiError("ConfigRuleNotExists") from None
            self._rule_evaluations.start([rule_id])
        else:
            pack = find_pack(self._cloud_state, request.parameters, uid)
            rules = self._cloud_state.get_pack_state(pack.id).rules
            self._rule_evaluations.start(rule.id for rule in rules)
        return {"Result": True}
