"""Pages of evaluation results, details of rules, and the request to evaluate a pack."""

import copy
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from dashboard.cloud import Advice, CloudError
from tests.cloud import Cloud, build_error

TIME = 1624329965857


def build_row(rule_id: str = "cr-1", recorded: object = TIME, **qualifier: object) -> Any:
    fields = {
        "CompliancePackId": "cp-1",
        "ConfigRuleId": rule_id,
        "ResourceId": "i-1",
        "ResourceOwnerId": 1000000000000001,
    }
    return {
        "ComplianceType": "COMPLIANT",
        "EvaluationResultIdentifier": {"EvaluationResultQualifier": fields | qualifier},
        "ResultRecordedTimestamp": recorded,
    }


def build_page(*rows: Any, token: object = None) -> Any:
    result = {"EvaluationResultList": list(rows), "MaxResults": 100, "NextToken": token}
    return {"RequestId": "REQ-5", "EvaluationResults": result}


RULE: Any = {
    "ConfigRuleId": "cr-1",
    "ConfigRuleName": "规则",
    "ConfigRuleState": "INACTIVE",
    "ConfigRuleTriggerTypes": "ScheduledNotification",
    "Description": "检查资源",
    "ResourceTypesScope": "ACS::OSS::Bucket,ACS::ECS::Disk",
    "ManagedRule": None,
    "Source": {"Identifier": "oss-bucket-public-read-prohibited"},
    "ConfigRuleEvaluationStatus": {
        "LastErrorCode": "CloudConfigServiceRoleNotExisted",
        "LastErrorMessage": "The role of LTAI5tSecretKeyId\ndoes not exist.",
        "LastFailedEvaluationTimestamp": str(TIME),
        "LastSuccessfulEvaluationTimestamp": 0,
    },
}


def call(answer: object, method: str, *arguments: str, status: int = 200) -> Any:
    cloud = Cloud((status, answer))
    return getattr(cloud.create_client(attempts=1), method)(*arguments)


def catch_error(answer: object, method: str, *arguments: str, status: int = 200) -> CloudError:
    with pytest.raises(CloudError) as caught:
        call(answer, method, *arguments, status=status)
    return caught.value


def test_a_page_of_results_is_asked_for_with_the_token_of_the_page_before() -> None:
    cloud = Cloud((200, build_page(build_row(), token="a+b=")))
    client = cloud.create_client()
    page = client.list_evaluation_results("cp-1")
    client.list_evaluation_results("cp-1", page.next_token)
    assert [environ["QUERY_STRING"] for environ in cloud.requests] == [
        "CompliancePackId=cp-1&MaxResults=100",
        "CompliancePackId=cp-1&MaxResults=100&NextToken=a%2Bb%3D",
    ]
    assert {environ["REQUEST_METHOD"] for environ in cloud.requests} == {"GET"}
    assert cloud.requests[0]["HTTP_X_ACS_ACTION"] == "ListConfigRuleEvaluationResults"


def test_a_page_tells_what_its_rows_are_of_and_keeps_the_bytes_as_they_came() -> None:
    rows = [build_row("cr-1", TIME + 5), build_row("cr-2", str(TIME)), build_row("cr-1", None)]
    body = json.dumps(build_page(*rows, token="t"), indent=1).encode()
    page = call(body, "list_evaluation_results", "cp-1")
    assert page.body == body
    assert (page.row_count, page.rule_ids, page.next_token) == (3, {"cr-1", "cr-2"}, "t")
    assert (page.first_recorded_ms, page.last_recorded_ms) == (TIME, TIME + 5)
    assert page.account_ids == {"1000000000000001"}
    assert page.request_id == "REQ-5"


@pytest.mark.parametrize("token", [None, ""])
def test_the_last_page_has_no_token_and_may_have_no_row(token: object) -> None:
    page = call(build_page(token=token), "list_evaluation_results", "cp-1")
    assert (page.row_count, page.next_token, page.first_recorded_ms) == (0, "", None)


def test_pages_that_begin_and_end_alike_have_one_fingerprint() -> None:
    first, middle, last = build_row("cr-1"), build_row("cr-2"), build_row("cr-3")

    def compute(*rows: Any) -> str:
        page = call(build_page(*rows, token="t"), "list_evaluation_results", "cp-1")
        return str(page.fingerprint)

    assert compute(first, middle, last) == compute(first, first, last)
    others = {compute(first, last), compute(first, middle, middle), compute(middle, first, last)}
    assert len(others | {compute(first, middle, last)}) == 4
    assert compute() == ""


def test_a_row_that_is_nested_too_deep_to_be_written_is_a_bad_answer() -> None:
    nested = b'{"a":' * 1_010 + b"1" + b"}" * 1_010
    body = json.dumps(build_page({**build_row(), "Annotation": "NESTED"})).encode()
    error = catch_error(body.replace(b'"NESTED"', nested), "list_evaluation_results", "cp-1")
    assert (error.code, error.problem) == ("BadAnswer", "wrong_field")


def remove(path: str) -> Callable[[Any], None]:
    return replace(path, None, removes=True)


def replace(path: str, value: object, *, removes: bool = False) -> Callable[[Any], None]:
    """Return a function that changes the value at a path of names and numbers."""

    def edit(answer: Any) -> None:
        *parents, name = [int(part) if part.isdigit() else part for part in path.split(".")]
        for parent in parents:
            answer = answer[parent]
        if removes:
            del answer[name]
        else:
            answer[name] = value

    return edit


LIST = "EvaluationResults.EvaluationResultList"
QUALIFIER = f"{LIST}.0.EvaluationResultIdentifier.EvaluationResultQualifier"
WRONG_PAGES = {
    "no result": remove("EvaluationResults"),
    "a list as result": replace("EvaluationResults", []),
    "no list": remove(LIST),
    "null as list": replace(LIST, None),
    "an object as list": replace(LIST, {}),
    "a text as row": replace(LIST, ["row"]),
    "no identifier": remove(f"{LIST}.0.EvaluationResultIdentifier"),
    "no qualifier": remove(QUALIFIER),
    "a text as qualifier": replace(QUALIFIER, "cr-1"),
    "no rule": remove(f"{QUALIFIER}.ConfigRuleId"),
    "a list as rule": replace(f"{QUALIFIER}.ConfigRuleId", ["cr-1"]),
    "a blank in the rule": replace(f"{QUALIFIER}.ConfigRuleId", "cr 1"),
    "a long rule": replace(f"{QUALIFIER}.ConfigRuleId", "c" * 65),
    "another pack": replace(f"{QUALIFIER}.CompliancePackId", "cp-2"),
    "true as account": replace(f"{QUALIFIER}.ResourceOwnerId", True),
    "an object as account": replace(f"{QUALIFIER}.ResourceOwnerId", {}),
    "a word as time": replace(f"{LIST}.0.ResultRecordedTimestamp", "now"),
    "seconds as time": replace(f"{LIST}.0.ResultRecordedTimestamp", TIME // 1000),
    "a negative time": replace(f"{LIST}.0.ResultRecordedTimestamp", -TIME),
    "a time to come": replace(f"{LIST}.0.ResultRecordedTimestamp", TIME * 2),
    "true as time": replace(f"{LIST}.0.ResultRecordedTimestamp", True),
    "a fraction as time": replace(f"{LIST}.0.ResultRecordedTimestamp", 1.5),
    "a list as token": replace("EvaluationResults.NextToken", ["t"]),
    "a long token": replace("EvaluationResults.NextToken", "t" * 2001),
    "a NUL in the token": replace("EvaluationResults.NextToken", "t\0"),
    "NaN somewhere": replace(f"{LIST}.1.RiskLevel", float("nan")),
    "half a character somewhere": replace(f"{LIST}.1.Annotation", "\ud800"),
}


@pytest.mark.parametrize("shape", WRONG_PAGES)
def test_a_page_of_a_wrong_shape_is_a_bad_answer(shape: str) -> None:
    answer = copy.deepcopy(build_page(build_row(), build_row(), token="t"))
    WRONG_PAGES[shape](answer)
    error = catch_error(answer, "list_evaluation_results", "cp-1")
    assert (error.code, error.advice) == ("BadAnswer", Advice.BAD_ANSWER)
    assert not error.is_temporary


def test_a_byte_order_mark_would_not_be_read_again_and_is_a_bad_answer() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(build_page(build_row())).encode()
    assert catch_error(body, "list_evaluation_results", "cp-1").problem == "not_json"


def test_a_rule_is_read_with_its_state_and_its_last_error() -> None:
    rule = call({"ConfigRule": RULE}, "get_config_rule", "cr-1")
    assert (rule.state, rule.error_code) == ("INACTIVE", "CloudConfigServiceRoleNotExisted")
    assert rule.error_message == "The role of *** does not exist."
    assert (rule.last_success_ms, rule.last_failure_ms) == (None, TIME)
    assert rule.identifier == "oss-bucket-public-read-prohibited"
    assert rule.resource_types == ("ACS::OSS::Bucket", "ACS::ECS::Disk")
    assert (rule.trigger_types, rule.description) == ("ScheduledNotification", "检查资源")


def test_a_rule_was_evaluated_since_whether_its_evaluation_ended_well_or_not() -> None:
    rule = call({"ConfigRule": RULE}, "get_config_rule", "cr-1")
    assert rule.was_evaluated_since(TIME)
    assert not rule.was_evaluated_since(TIME + 1)
    never = call({"ConfigRule": {"ConfigRuleId": "cr-1"}}, "get_config_rule", "cr-1")
    assert not never.was_evaluated_since(TIME)


STATUS = "ConfigRule.ConfigRuleEvaluationStatus"
WRONG_RULES = {
    "no rule": remove("ConfigRule"),
    "a list as rule": replace("ConfigRule", []),
    "another rule": replace("ConfigRule.ConfigRuleId", "cr-2"),
    "no id": remove("ConfigRule.ConfigRuleId"),
    "an object as state": replace("ConfigRule.ConfigRuleState", {}),
    "a text as status": replace(STATUS, "ACTIVE"),
    "a list as source": replace("ConfigRule.Source", []),
    "a word as time": replace(f"{STATUS}.LastFailedEvaluationTimestamp", "now"),
    "a time to come": replace(f"{STATUS}.LastFailedEvaluationTimestamp", TIME * 2),
    "an object as message": replace(f"{STATUS}.LastErrorMessage", {}),
}


@pytest.mark.parametrize("shape", WRONG_RULES)
def test_a_rule_of_a_wrong_shape_is_a_bad_answer(shape: str) -> None:
    answer = copy.deepcopy({"ConfigRule": RULE})
    WRONG_RULES[shape](answer)
    error = catch_error(answer, "get_config_rule", "cr-1")
    assert (error.code, error.is_temporary) == ("BadAnswer", False)


def test_an_evaluation_is_started_with_a_post_whose_parameter_is_in_the_query() -> None:
    cloud = Cloud((200, {"RequestId": "REQ-6", "Result": True}))
    start = cloud.create_client().start_evaluation("cp-1")
    [environ] = cloud.requests
    assert (environ["REQUEST_METHOD"], environ["QUERY_STRING"]) == ("POST", "CompliancePackId=cp-1")
    assert environ["HTTP_X_ACS_ACTION"] == "StartConfigRuleEvaluation"
    assert start.request_id == "REQ-6"


def test_an_evaluation_that_was_not_started_is_a_bad_answer() -> None:
    results: list[object] = [False, "false", {}, []]
    for result in results:
        error = catch_error({"Result": result}, "start_evaluation", "cp-1")
        assert (error.code, error.detail) == ("BadAnswer", "Result")


@pytest.mark.parametrize(
    ("offset", "is_used"), [(-600, True), (600, True), (90_000, False), (-90_000, False)]
)
def test_the_clock_of_the_cloud_tells_when_an_evaluation_was_asked_for(
    offset: int, is_used: bool
) -> None:
    now = time.time()
    cloud = Cloud((200, {}), headers={"Date": formatdate(now + offset, usegmt=True)})
    asked_at = cloud.create_client().start_evaluation("cp-1").asked_ms / 1000
    expected = now + (offset if is_used else 0)
    assert expected - 5 < asked_at <= expected + 1


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"])
def test_without_the_time_of_the_cloud_our_own_clock_is_taken(date: str) -> None:
    cloud = Cloud((200, {}), headers={"Date": date} if date else {})
    asked_at = cloud.create_client().start_evaluation("cp-1").asked_ms / 1000
    assert time.time() - 5 < asked_at <= time.time()


OPERATIONS = {
    "ListConfigRuleEvaluationResults": ("list_evaluation_results", "cp-1"),
    "GetConfigRule": ("get_config_rule", "cr-1"),
    "StartConfigRuleEvaluation": ("start_evaluation", "cp-1"),
}


@pytest.mark.parametrize("action", OPERATIONS)
@pytest.mark.parametrize(
    ("status", "code", "advice", "is_temporary"),
    [
        (400, "NoPermission", Advice.PERMISSION, False),
        (403, "NoPermission", Advice.PERMISSION, False),
        (403, "Forbidden.RAM", Advice.PERMISSION, False),
        (404, "CloudConfigServiceRoleNotExisted", Advice.SERVICE_ROLE, False),
        (404, "AccountNotExisted", Advice.WRONG_ACCOUNT, False),
        (400, "Invalid.CompliancePackId.Value", Advice.GONE_PACK, False),
        (400, "Invalid.ConfigRuleId.Value", Advice.GONE_RULE, False),
        (400, "InvalidNextToken", Advice.PAGE_TOKEN, False),
        (400, "Invalid.NextToken.Value", Advice.PAGE_TOKEN, False),
        (400, "InvalidParameter", Advice.DEFECT, False),
        (503, "ServiceUnavailable", Advice.RETRY_LATER, True),
        (400, "Throttling.User", Advice.SLOW_DOWN, True),
    ],
)
def test_each_documented_error_has_its_advice(
    action: str, status: int, code: str, advice: Advice, is_temporary: bool
) -> None:
    error = catch_error(build_error(code), *OPERATIONS[action], status=status)
    assert (error.code, error.advice, error.is_temporary) == (code, advice, is_temporary)
    assert error.request_id == "REQ-1"
    if advice is Advice.PERMISSION:
        assert error.detail == f"config:{action}"
