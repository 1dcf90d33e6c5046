"""GetConfigRule and StartConfigRuleEvaluation: states, times of evaluations, last errors."""

from typing import Any

import pytest

from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock, get_error_code

PACK = "cp-6f0d62a3b1c94e75a208"
OTHER_PACK = "cp-2b8e47d09a6c4f13b5d7"
GET_RULE, START = "GetConfigRule", "StartConfigRuleEvaluation"


def list_rule_ids(sandbox: Sandbox, pack_id: str, *, with_data: bool = True) -> list[str]:
    state = sandbox.cloud_state.get_pack_state(pack_id)
    return [
        rule.id
        for rule in state.rules
        if (rule.identifier not in state.rules_without_data) == with_data
    ]


def get_evaluated_times(caller: Caller, rule_ids: list[str]) -> list[int]:
    return [
        caller.get_rule(rule_id)["ConfigRuleEvaluationStatus"]["LastSuccessfulEvaluationTimestamp"]
        for rule_id in rule_ids
    ]


def test_a_rule_has_texts_a_state_and_times(sandbox: Sandbox, caller: Caller, clock: Clock) -> None:
    rule_id = list_rule_ids(sandbox, PACK)[0]
    rule = caller.get_rule(rule_id)
    pack = caller.call("GetCompliancePack", CompliancePackId=PACK).json()["CompliancePack"]
    [summary] = [item for item in pack["ConfigRules"] if item["ConfigRuleId"] == rule_id]
    assert rule["ConfigRuleState"] == "ACTIVE"
    assert rule["CreateBy"]["CompliancePackId"] == PACK
    assert rule["Description"] == summary["Description"] == rule["ManagedRule"]["Description"]
    assert rule["ManagedRule"]["Identifier"] == summary["ManagedRuleIdentifier"]
    status = rule["ConfigRuleEvaluationStatus"]
    assert status["FirstEvaluationStarted"] is True
    assert (
        status["FirstActivatedTimestamp"]
        < status["LastSuccessfulInvocationTimestamp"]
        < status["LastSuccessfulEvaluationTimestamp"]
        <= clock.now * 1000
    )


@pytest.mark.parametrize("place", ["query", "form"])
def test_the_parameters_may_be_in_the_query_or_in_the_form(
    sandbox: Sandbox, caller: Caller, place: str
) -> None:
    rule_id = list_rule_ids(sandbox, PACK)[0]

    def post(action: str, **parameters: str) -> dict[str, Any]:
        query, form = (parameters, {}) if place == "query" else ({}, parameters)
        answer: dict[str, Any] = caller.call_v3(action, "POST", query, form).json()
        return answer

    assert post(GET_RULE, ConfigRuleId=rule_id)["ConfigRule"]["ConfigRuleId"] == rule_id
    assert post(START, CompliancePackId=PACK)["Result"] is True


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        (GET_RULE, {}, "MissingParameter"),
        (GET_RULE, {"ConfigRuleId": "cr-0"}, "ConfigRuleNotExists"),
        (START, {}, "MissingParameter"),
        (START, {"ConfigRuleId": "cr-0"}, "ConfigRuleNotExists"),
        (START, {"CompliancePackId": "cp-0"}, "Invalid.CompliancePackId.Value"),
        (START, {"CompliancePackId": PACK, "RevertEvaluation": "maybe"}, "InvalidParameter"),
    ],
)
def test_a_wrong_parameter_is_refused(
    caller: Caller, action: str, parameters: dict[str, str], code: str
) -> None:
    answer = caller.call(action, "POST", **parameters)
    assert (answer.status_code, get_error_code(answer)) == (400, code)


def test_a_rule_of_another_account_does_not_exist(sandbox: Sandbox, staging_caller: Caller) -> None:
    rule_id = list_rule_ids(sandbox, PACK)[0]
    for action in (GET_RULE, START):
        answer = staging_caller.call(action, "POST", ConfigRuleId=rule_id)
        assert get_error_code(answer) == "ConfigRuleNotExists"


def test_rules_without_data_say_why(sandbox: Sandbox) -> None:
    reasons = set()
    for pack in sandbox.cloud_state.packs.values():
        account = sandbox.cloud_state.accounts[pack.uid]
        for rule_id in list_rule_ids(sandbox, pack.id, with_data=False):
            rule = Caller(sandbox, account.credential).get_rule(rule_id)
            status = rule["ConfigRuleEvaluationStatus"]
            assert "LastSuccessfulEvaluationTimestamp" not in status
            reasons.add((rule["ConfigRuleState"], status.get("LastErrorCode")))
    assert reasons == {("INACTIVE", None), ("ACTIVE", "CloudConfigServiceRoleNotExisted")}


def test_an_evaluation_that_a_client_starts_ends_after_some_seconds(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, evaluation_seconds=10)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    rule_ids = list_rule_ids(sandbox, PACK)
    before = get_evaluated_times(caller, rule_ids)
    asked_ms = clock.now * 1000
    caller.call(START, "POST", CompliancePackId=PACK)
    clock.now += 4
    assert get_evaluated_times(caller, rule_ids) == before
    assert caller.get_rule(rule_ids[0])["ConfigRuleState"] == "EVALUATING"
    clock.now += 3
    times = get_evaluated_times(caller, rule_ids)
    assert min(times) < asked_ms < max(times)
    clock.now += 4
    assert min(get_evaluated_times(caller, rule_ids)) > asked_ms
    assert caller.get_rule(rule_ids[0])["ConfigRuleState"] == "ACTIVE"
    rows = caller.list_results(PACK)
    assert {row["InvokingEventMessageType"] for row in rows} == {"Manual"}
    assert min(int(row["ResultRecordedTimestamp"]) for row in rows) > asked_ms
    other_rule_ids = list_rule_ids(sandbox, OTHER_PACK)
    assert max(get_evaluated_times(caller, other_rule_ids)) < asked_ms


def test_one_rule_can_be_evaluated_alone(sandbox: Sandbox, caller: Caller, clock: Clock) -> None:
    rule_ids = list_rule_ids(sandbox, PACK)[:2]
    clock.now += 1
    caller.call(START, "POST", ConfigRuleId=rule_ids[0])
    evaluated_ms, other_evaluated_ms = get_evaluated_times(caller, rule_ids)
    assert evaluated_ms >= clock.now * 1000 > other_evaluated_ms


def test_an_evaluation_changes_no_status(caller: Caller) -> None:
    rows = caller.list_results(PACK)
    caller.call(START, "POST", CompliancePackId=PACK, RevertEvaluation="true")
    assert [row["ComplianceType"] for row in caller.list_results(PACK)] == [
        row["ComplianceType"] for row in rows
    ]


def test_the_failure_of_a_rule_without_a_service_role_is_evaluated_again(
    sandbox: Sandbox, caller: Caller, clock: Clock
) -> None:
    caller.sandbox.faults.set("failing-rule", on=GET_RULE, pack=PACK)
    rule_id = list_rule_ids(sandbox, PACK)[0]
    caller.call(START, "POST", CompliancePackId=PACK)
    status = caller.get_rule(rule_id)["ConfigRuleEvaluationStatus"]
    assert status["LastErrorCode"] == "CloudConfigServiceRoleNotExisted"
    assert status["LastFailedEvaluationTimestamp"] >= clock.now * 1000


@pytest.mark.parametrize(
    ("fault", "state"), [("inactive-rule", "INACTIVE"), ("evaluating-rule", "EVALUATING")]
)
def test_a_fault_gives_the_rules_of_a_pack_another_state(
    sandbox: Sandbox, caller: Caller, clock: Clock, fault: str, state: str
) -> None:
    caller.sandbox.faults.set(fault, pack=PACK)
    rule_id = list_rule_ids(sandbox, PACK)[0]
    clock.now += 1
    caller.call(START, "POST", CompliancePackId=PACK)
    rule = caller.get_rule(rule_id)
    assert rule["ConfigRuleState"] == state
    evaluated_ms = rule["ConfigRuleEvaluationStatus"].get("LastSuccessfulEvaluationTimestamp", 0)
    assert evaluated_ms < clock.now * 1000
    other_rule_id = list_rule_ids(sandbox, OTHER_PACK)[0]
    assert caller.get_rule(other_rule_id)["ConfigRuleState"] == "ACTIVE"
