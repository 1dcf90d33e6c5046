"""The list of evaluation results: documented parameters, fields, paging, times and faults."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock, get_error_code, get_qualifier

PACK = "cp-6f0d62a3b1c94e75a208"
SMALL = "cp-7b15d6f2e09c43a88e35"
LIST = "ListConfigRuleEvaluationResults"
PAUSE = 200  # seconds; a call more than 15 minutes after the present time would be refused


def get_key(row: dict[str, Any]) -> tuple[str, str]:
    qualifier = get_qualifier(row)
    return qualifier["ConfigRuleId"], qualifier["ResourceId"]


def get_statuses(state: PackState) -> dict[tuple[str, str], str]:
    return {
        (rule.id, resource.id): status
        for rule in state.rules
        for resource, status in state.list_evaluations(rule)
    }


def decode_annotation(text: str) -> dict[str, Any]:
    """Decode an annotation as often as needed; the documented example has no quotes around it."""
    if text.startswith('{\\"'):
        text = json.loads(f'"{text}"')
    annotation = json.loads(text)
    decoded: dict[str, Any] = json.loads(annotation) if isinstance(annotation, str) else annotation
    return decoded


def test_the_list_has_each_evaluation_of_the_latest_report_once(
    sandbox: Sandbox, caller: Caller
) -> None:
    caller.generate_report(PACK)
    caller.get_report(PACK)
    caller.generate_report(PACK)
    rows = caller.list_results(PACK)
    statuses = {get_key(row): row["ComplianceType"] for row in rows}
    assert len(statuses) == len(rows) > 500
    assert statuses == get_statuses(sandbox.cloud_state.get_pack_state(PACK))


def test_a_rule_that_was_never_evaluated_has_no_rows(sandbox: Sandbox, caller: Caller) -> None:
    state = sandbox.cloud_state.get_pack_state(PACK)
    [rule] = [rule for rule in state.rules if rule.identifier in state.rules_without_data]
    assert rule.id not in {rule_id for rule_id, _ in map(get_key, caller.list_results(PACK))}
    page = caller.get_results_page(ConfigRuleId=rule.id)
    assert page == {"MaxResults": 10, "EvaluationResultList": []}


@pytest.mark.parametrize("place", ["query of a GET", "query of a POST", "form of a POST"])
def test_parameters_may_be_in_the_query_or_in_the_form(caller: Caller, place: str) -> None:
    parameters = {"CompliancePackId": PACK, "MaxResults": "7", "ComplianceType": NON_COMPLIANT}
    method = "GET" if place == "query of a GET" else "POST"
    is_form = place == "form of a POST"
    query, form = ({}, parameters) if is_form else (parameters, {})
    answer = caller.call_v3(LIST, method, query, form)
    result = answer.json()["EvaluationResults"]
    assert result["MaxResults"] == len(result["EvaluationResultList"]) == 7
    assert {row["ComplianceType"] for row in result["EvaluationResultList"]} == {NON_COMPLIANT}


def test_rows_are_filtered_by_status_rule_region_type_and_resource_group(caller: Caller) -> None:
    rows = caller.list_results(PACK)
    rule_id = get_key(rows[-1])[0]
    groups = Counter(get_qualifier(row).get("ResourceGroupId") for row in rows)
    group = max(group for group in groups if group)
    regions = {"cn-beijing", "global"}
    types = {"ACS::ECS::Disk", "ACS::RAM::User"}
    for name, value, matches in (
        ("ComplianceType", IGNORED, lambda row: row["ComplianceType"] == IGNORED),
        ("ConfigRuleId", rule_id, lambda row: get_key(row)[0] == rule_id),
        ("Regions", ", ".join(regions), lambda row: get_qualifier(row)["RegionId"] in regions),
        ("ResourceTypes", ",".join(types), lambda row: get_qualifier(row)["ResourceType"] in types),
    ):
        filtered = caller.list_results(PACK, **{name: value})
        assert filtered == [row for row in rows if matches(row)] != []
    in_group = caller.list_results(PACK, ResourceGroupIds=group)
    # Some rows of the group do not name it.
    assert {get_qualifier(row).get("ResourceGroupId") for row in in_group} == {group, None}
    assert len(in_group) > groups[group]


def test_without_a_pack_the_list_has_all_packs_of_the_account(
    sandbox: Sandbox, caller: Caller
) -> None:
    page = caller.get_results_page(ComplianceType=IGNORED, MaxResults="100")
    packs = {get_qualifier(row)["CompliancePackId"] for row in page["EvaluationResultList"]}
    uids = {sandbox.cloud_state.packs[pack_id].uid for pack_id in packs}
    assert len(packs) > 1
    assert uids == {sandbox.accounts[0].uid}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"CompliancePackId": "cp-0"}, "Invalid.CompliancePackId.Value"),
        ({"CompliancePackId": SMALL}, "Invalid.CompliancePackId.Value"),
        ({"ConfigRuleId": "cr-0"}, "ConfigRuleNotExists"),
        ({"MaxResults": "101"}, "InvalidParameter"),
        ({"MaxResults": "0"}, "InvalidParameter"),
        ({"ComplianceType": "FINE"}, "InvalidParameter"),
        ({"NextToken": "x"}, "Invalid.NextToken"),
        ({"NextToken": "令牌"}, "Invalid.NextToken"),
        ({"NextToken": "bAeKPC21AHAxYTIxOTQ1NzY4OC4yLjAuNjQuMA"}, "Invalid.NextToken"),
    ],
)
def test_a_wrong_parameter_is_refused(
    caller: Caller, parameters: dict[str, str], code: str
) -> None:
    answer = caller.call(LIST, **{"CompliancePackId": PACK} | parameters)
    assert (answer.status_code, get_error_code(answer)) == (400, code)


def test_a_token_belongs_to_the_list_that_gave_it(caller: Caller) -> None:
    token = caller.get_results_page(CompliancePackId=PACK)["NextToken"]
    assert len(token) <= 100
    answer = caller.call(LIST, CompliancePackId=PACK, NextToken=token, ComplianceType=NON_COMPLIANT)
    assert get_error_code(answer) == "Invalid.NextToken"
    # The number of rows of a page may change.
    page = caller.get_results_page(CompliancePackId=PACK, NextToken=token, MaxResults="3")
    assert page["EvaluationResultList"] == caller.list_results(PACK)[10:13]


def test_a_token_expires(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, token_seconds=60)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    token = caller.get_results_page(CompliancePackId=PACK)["NextToken"]
    clock.now += 59
    assert caller.get_results_page(CompliancePackId=PACK, NextToken=token)
    clock.now += 2
    answer = caller.call(LIST, CompliancePackId=PACK, NextToken=token)
    assert (answer.status_code, get_error_code(answer)) == (400, "Invalid.NextToken")


def test_values_are_written_in_different_ways_here_and_there(caller: Caller) -> None:
    rows = caller.list_results(PACK)
    owners = [get_qualifier(row).get("ResourceOwnerId") for row in rows]
    assert {type(owner) for owner in owners} == {int, str, type(None)}
    assert {str(owner) for owner in owners} == {"1024837465912038", "None"}
    assert {type(row["RiskLevel"]) for row in rows} == {int, str}
    texts = [row["Annotation"] for row in rows if row["ComplianceType"] == NON_COMPLIANT]
    assert {text[:2] for text in texts} == {'{"', "{\\", '"{'}
    for text in texts:
        assert decode_annotation(text).keys() == {
            "configuration",
            "desiredValue",
            "operator",
            "property",
            "reason",
        }
    compliant_texts = {row["Annotation"] for row in rows if row["ComplianceType"] == COMPLIANT}
    assert "" in compliant_texts
    assert len(compliant_texts) > 1


def test_failing_since_stays_the_same_while_a_resource_fails(
    sandbox: Sandbox, caller: Caller, clock: Clock
) -> None:
    def get_failing_times() -> dict[tuple[str, str], int]:
        rows = caller.list_results(PACK, ComplianceType=NON_COMPLIANT)
        return {get_key(row): int(row["LastNonCompliantRecordTimestamp"]) for row in rows}

    times = []
    for _ in range(4):
        caller.generate_report(PACK)
        created_ms = int(caller.get_report(PACK)["ReportCreateTimestamp"])
        times.append((created_ms, get_failing_times()))
        clock.now += PAUSE
    for (older_created, older), (newer_created, newer) in pairwise(times):
        assert all(newer[key] == older[key] for key in older.keys() & newer.keys())
        new_failures = newer.keys() - older.keys()
        assert new_failures
        assert all(older_created < newer[key] <= newer_created for key in new_failures)
        assert older.keys() - newer.keys()


def test_a_fixed_resource_has_the_time_at_which_it_was_fixed(caller: Caller, clock: Clock) -> None:
    clock.now += PAUSE  # since the start of the sandbox
    caller.generate_report(PACK)
    first_created_ms = int(caller.get_report(PACK)["ReportCreateTimestamp"])
    failing = set(map(get_key, caller.list_results(PACK, ComplianceType=NON_COMPLIANT)))
    assert not any(
        "LastCompliantFixedTimestamp" in row
        for row in caller.list_results(PACK, ComplianceType=COMPLIANT)
    )
    clock.now += PAUSE
    caller.generate_report(PACK)
    fixed_rows = [
        row
        for row in caller.list_results(PACK, ComplianceType=COMPLIANT)
        if get_key(row) in failing
    ]
    assert fixed_rows
    for row in fixed_rows:
        fixed_ms = int(row["LastCompliantFixedTimestamp"])
        assert int(row["LastNonCompliantRecordTimestamp"]) < first_created_ms < fixed_ms
        assert fixed_ms <= int(row["ResultRecordedTimestamp"]) <= clock.now * 1000


def test_a_restart_does_not_move_the_times_of_the_past(clock: Clock) -> None:
    past_until = datetime.fromtimestamp(clock.now, UTC) - timedelta(days=3)
    times = []
    for _ in range(2):
        sandbox = Sandbox(clock=clock, past_weeks=4, past_until=past_until)
        caller = Caller(sandbox, sandbox.accounts[0].credential)
        caller.generate_report(PACK)
        rows = caller.list_results(PACK, ComplianceType=NON_COMPLIANT)
        times.append({get_key(row): row["LastNonCompliantRecordTimestamp"] for row in rows})
        clock.now += PAUSE
    assert times[0] == times[1]
    assert max(map(int, times[0].values())) <= past_until.timestamp() * 1000


def test_some_ignored_results_come_back_on_a_day_after_today(caller: Caller, clock: Clock) -> None:
    rows = caller.list_results(PACK)
    dates = [
        get_qualifier(row).get("IgnoreDate") for row in rows if row["ComplianceType"] == IGNORED
    ]
    assert all(
        "IgnoreDate" not in get_qualifier(row) for row in rows if IGNORED not in row.values()
    )
    assert None in dates or "" in dates
    days = [date for date in dates if date]
    assert days
    assert min(days) > "2026-01-01"
    assert all(len(day) == len("2026-01-01") for day in days)


@pytest.mark.parametrize(("fault", "status"), [("no-permission", 400), ("forbidden", 403)])
def test_the_permission_can_be_taken_away(caller: Caller, fault: str, status: int) -> None:
    caller.sandbox.faults.set(fault, on=LIST)
    answer = caller.call(LIST, CompliancePackId=PACK)
    assert answer.status_code == status
    assert answer.json()["AccessDeniedDetail"]["AuthAction"] == f"config:{LIST}"
    assert caller.generate_report(PACK).status_code == 200


def test_the_token_of_one_page_is_refused_by_a_fault(caller: Caller) -> None:
    caller.sandbox.faults.set("expired-token", page=3, times=1)
    first_page = caller.get_results_page(CompliancePackId=PACK)
    second_page = caller.get_results_page(CompliancePackId=PACK, NextToken=first_page["NextToken"])
    answers = [
        caller.call(LIST, CompliancePackId=PACK, NextToken=second_page["NextToken"])
        for _ in range(2)
    ]
    assert [get_error_code(answer) for answer in answers] == ["Invalid.NextToken", "None"]


def test_a_page_is_listed_twice_by_a_fault(caller: Caller) -> None:
    rows = caller.list_results(PACK)
    caller.sandbox.faults.set("repeated-page", page=2)
    assert caller.list_results(PACK) == rows[:200] + rows[100:]


def test_the_list_ends_short_by_a_fault(caller: Caller) -> None:
    caller.sandbox.faults.set("short-list", page=2)
    assert len(caller.list_results(PACK)) == 200


def test_a_token_is_given_again_by_a_fault(caller: Caller) -> None:
    caller.sandbox.faults.set("repeated-token", page=2)
    token = caller.get_results_page(CompliancePackId=PACK)["NextToken"]
    assert caller.get_results_page(CompliancePackId=PACK, NextToken=token)["NextToken"] == token


def test_a_list_never_ends_by_a_fault(caller: Caller) -> None:
    caller.sandbox.faults.set("endless-list")
    tokens = set()
    parameters = {"CompliancePackId": PACK, "MaxResults": "100"}
    for _ in range(20):
        page = caller.get_results_page(**parameters)
        tokens.add(page["NextToken"])
        parameters["NextToken"] = page["NextToken"]
    assert page["EvaluationResultList"] == []
    assert len(tokens) == 20


def test_rows_contradict_each_other_by_a_fault(caller: Caller) -> None:
    caller.sandbox.faults.set("contradicting-rows", page=1)
    rows = caller.get_results_page(CompliancePackId=PACK, MaxResults="100")["EvaluationResultList"]
    assert len(rows) == 100
    assert get_key(rows[0]) == get_key(rows[-1])
    assert rows[0]["ComplianceType"] != rows[-1]["ComplianceType"]
    assert int(rows[0]["ResultRecordedTimestamp"]) < int(rows[-1]["ResultRecordedTimestamp"])


def test_the_list_is_newer_than_the_report_by_a_fault(sandbox: Sandbox, caller: Caller) -> None:
    caller.generate_report(PACK)
    caller.sandbox.faults.set("newer-results")
    listed = {get_key(row): row["ComplianceType"] for row in caller.list_results(PACK)}
    assert listed != get_statuses(sandbox.cloud_state.get_pack_state(PACK))
    caller.sandbox.faults.clear()
    caller.get_report(PACK)
    caller.generate_report(PACK)
    assert listed == get_statuses(sandbox.cloud_state.get_pack_state(PACK))
