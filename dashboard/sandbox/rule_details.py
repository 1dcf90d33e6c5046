"""The details of a rule (GetConfigRule): its texts, its state, and how its evaluations went."""

from dashboard.sandbox.api_errors import ERROR_MESSAGES
from dashboard.sandbox.evaluation_times import SCHEDULE, EvaluationTimes, list_triggers
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.parameters import AnswerFields
from dashboard.sandbox.resources import hash_to_number
from dashboard.sandbox.rule_evaluations import RuleEvaluations

ACTIVE, EVALUATING, INACTIVE = "ACTIVE", "EVALUATING", "INACTIVE"
FAILED = "FAILED"
"""No state of the API: the rule is active, and its evaluations fail for want of a service role."""
SERVICE_ROLE_ERROR = "CloudConfigServiceRoleNotExisted"


def choose_condition(state: PackState, rule: ManagedRule) -> str:
    """Return ACTIVE, or why the cloud has never evaluated the rule: INACTIVE or FAILED."""
    if rule.identifier not in state.rules_without_data:
        return ACTIVE
    return (INACTIVE, FAILED)[hash_to_number("condition", state.pack.id) % 2]


def build_rule_details(
    state: PackState,
    rule: ManagedRule,
    condition: str,
    times: EvaluationTimes,
    rule_evaluations: RuleEvaluations,
) -> AnswerFields:
    """Return the fields of ConfigRule; `condition` is ACTIVE, INACTIVE, FAILED or EVALUATING.

    EVALUATING never ends; an active rule is in that state while an asked evaluation runs.
    """
    pack = state.pack
    is_running = condition in (ACTIVE, FAILED) and rule_evaluations.is_running(rule.id)
    rule_state = INACTIVE if condition == INACTIVE else ACTIVE
    if is_running or condition == EVALUATING:
        rule_state = EVALUATING
    name, triggers = rule.get_name(pack.language), list_triggers(rule)
    counts = state.rule_counts[rule.id]
    details: AnswerFields = {
        "AccountId": int(pack.uid),
        "Compliance": {
            "ComplianceType": state.get_rule_status(rule),
            "Count": counts[state.get_rule_status(rule)],
        },
        "ConfigRuleArn": f"acs:config::{pack.uid}:rule/{rule.id}",
        "ConfigRuleEvaluationStatus": _build_evaluation_status(
            state, rule, condition, times, rule_evaluations
        ),
        "ConfigRuleId": rule.id,
        "ConfigRuleName": name,
        "ConfigRuleState": rule_state,
        "ConfigRuleTriggerTypes": ",".join(triggers),
        "CreateBy": {
            "CompliancePackId": pack.id,
            "CompliancePackName": pack.name,
            "CreatorId": pack.uid,
            "CreatorName": "",
        },
        "CreateTimestamp": pack.created_ms,
        "Description": rule.get_description(pack.language),
        "ExcludeTagsScope": [],
        "InputParameters": {"desiredValue": rule.desired} if rule.desired else {},
        "ManagedRule": _build_managed_rule(rule, pack.language),
        "ModifiedTimestamp": pack.created_ms,
        "ResourceTypesScope": rule.resource_type,
        "RiskLevel": rule.risk,
        "Scope": {"ComplianceResourceTypes": [rule.resource_type]},
        "Source": {
            "Identifier": rule.identifier,
            "Owner": "ALIYUN",
            "SourceDetails": _build_source_details(rule),
        },
        "Tags": [],
        "TagsScope": [],
    }
    if SCHEDULE in triggers:
        details["MaximumExecutionFrequency"] = "TwentyFour_Hours"
    return details


def _build_evaluation_status(
    state: PackState,
    rule: ManagedRule,
    condition: str,
    times: EvaluationTimes,
    rule_evaluations: RuleEvaluations,
) -> AnswerFields:
    """Return when the rule was evaluated, with the last error; times are milliseconds."""
    if condition == INACTIVE:
        return {"FirstEvaluationStarted": False}
    activated_ms = state.pack.created_ms
    if condition == FAILED:
        asked = rule_evaluations.get_last_ended(rule.id)
        failed_ms = asked.ended_ms if asked else activated_ms + 4000
        return {
            "FirstActivatedTimestamp": activated_ms,
            "FirstEvaluationStarted": False,
            "LastErrorCode": SERVICE_ROLE_ERROR,
            "LastErrorMessage": ERROR_MESSAGES[SERVICE_ROLE_ERROR][1],
            "LastFailedEvaluationTimestamp": failed_ms,
            "LastFailedInvocationTimestamp": failed_ms - 400,
        }
    status: AnswerFields = {
        "FirstActivatedTimestamp": activated_ms,
        "FirstEvaluationStarted": True,
    }
    number = hash_to_number(rule.id)
    evaluated_ms = times.compute_change_time(state.pack.id, state.step, number)
    if condition == ACTIVE:  # not EVALUATING: an evaluation that does not end has no time
        evaluated_ms = max(evaluated_ms, times.find_latest_evaluation(rule).at_ms)
    if rule.identifier not in state.rules_without_data:
        status["LastSuccessfulEvaluationTimestamp"] = evaluated_ms
        status["LastSuccessfulInvocationTimestamp"] = evaluated_ms - 400
    return status


def _build_managed_rule(rule: ManagedRule, language: str) -> AnswerFields:
    """Return the managed rule that the rule was made of."""
    parameter = {"desiredValue": {"defaultValue": rule.desired, "type": "String"}}
    return {
        "CompulsoryInputParameterDetails": {},
        "Description": rule.get_description(language),
        "Identifier": rule.identifier,
        "Labels": [rule.resource_type.split("::")[1]],
        "ManagedRuleName": rule.get_name(language),
        "OptionalInputParameterDetails": parameter if rule.desired else {},
        "SourceDetails": _build_source_details(rule),
    }


def _build_source_details(rule: ManagedRule) -> list[AnswerFields]:
    """Return an entry for each cause of evaluations."""
    details: list[AnswerFields] = []
    for trigger in list_triggers(rule):
        entry: AnswerFields = {"EventSource": "aliyun.config", "MessageType": trigger}
        if trigger == SCHEDULE:
            entry["MaximumExecutionFrequency"] = "TwentyFour_Hours"
        details.append(entry)
    return details
