"""The operations: documented methods, places, paging, statuses and formats."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from dashboard.sandbox.call_log import ASSUMED_LIMITS, KEPT_CALLS, CallLog
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock, get_error_code

PACK = "cp-6f0d62a3b1c94e75a208"
GENERATE = "GenerateCompliancePackReport"
COUNTS = (
    "CompliantCount",
    "NonCompliantCount",
    "NotApplicableCount",
    "InsufficientDataCount",
    "IgnoredCount",
)


def list_packs(caller: Caller, **query: str) -> dict[str, Any]:
    answer = caller.call("ListCompliancePacks", **query)
    result: dict[str, Any] = answer.json()["CompliancePacksResult"]
    return result


def test_each_account_lists_its_own_packs(caller: Caller, staging_caller: Caller) -> None:
    account_ids = [
        {pack["AccountId"] for pack in list_packs(account_caller)["CompliancePacks"]}
        for account_caller in (caller, staging_caller)
    ]
    assert account_ids == [{1024837465912038}, {1739264850173625}]


def test_packs_come_in_pages(caller: Caller) -> None:
    pages = [list_packs(caller, PageSize="3", PageNumber=number) for number in ("1", "2", "3")]
    assert [len(page["CompliancePacks"]) for page in pages] == [3, 1, 0]
    assert {page["TotalCount"] for page in pages} == {4}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"RiskLevel": "1"}, 2),
        ({"RiskLevel": "2"}, 2),
        ({"RiskLevel": "3"}, 0),
        ({"Status": "ACTIVE"}, 4),
        ({"Status": "CREATING"}, 0),
        ({"Tag": '[{"Key":"team","Value":"security"}]'}, 4),
        ({"Tag": '[{"Key":"team","Value":"other"}]'}, 0),
    ],
)
def test_packs_are_filtered_by_risk_status_and_tag(
    caller: Caller, query: dict[str, str], count: int
) -> None:
    assert list_packs(caller, **query)["TotalCount"] == count


@pytest.mark.parametrize(
    ("name", "value"),
    [("PageSize", "101"), ("PageSize", "0"), ("PageNumber", "0"), ("RiskLevel", "x"), ("Tag", "{")],
)
def test_a_parameter_out_of_bounds_is_named(caller: Caller, name: str, value: str) -> None:
    answer = caller.call("ListCompliancePacks", **{name: value})
    assert (answer.status_code, get_error_code(answer)) == (400, "InvalidParameter")
    assert name in answer.json()["Message"]


def test_list_packs_can_be_posted_with_its_parameters_in_the_query(caller: Caller) -> None:
    answer = caller.call_v3("ListCompliancePacks", "POST", query={"PageSize": "1"})
    assert len(answer.json()["CompliancePacksResult"]["CompliancePacks"]) == 1


def test_a_pack_has_rules_with_managed_identifiers(caller: Caller) -> None:
    pack = caller.call("GetCompliancePack", CompliancePackId=PACK).json()["CompliancePack"]
    rules = {rule["ManagedRuleIdentifier"]: rule for rule in pack["ConfigRules"]}
    assert rules["oss-bucket-public-read-prohibited"]["RiskLevel"] == 1
    assert (
        rules["oss-bucket-public-read-prohibited"]["ConfigRuleName"]
        == "OSS 存储空间 ACL 禁止公共读"
    )


@pytest.mark.parametrize(
    ("action", "method"),
    [(GENERATE, "GET"), ("GetCompliancePackReport", "POST"), ("GetCompliancePack", "POST")],
)
def test_a_wrong_method_is_refused(caller: Caller, action: str, method: str) -> None:
    assert (
        get_error_code(caller.call(action, method, CompliancePackId=PACK))
        == "UnsupportedHTTPMethod"
    )


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_list_packs_can_be_posted_with_its_parameters_in_a_form(
    caller: Caller, version: str
) -> None:
    form = {"PageSize": "3", "PageNumber": "2"}
    answer = (
        caller.call_v3("ListCompliancePacks", "POST", form=form)
        if version == "v3"
        else caller.call_v1(
            "ListCompliancePacks", "POST", all_in_body=True, form=form, Format="JSON"
        )
    )
    result = answer.json()["CompliancePacksResult"]
    assert (result["PageSize"], result["PageNumber"], len(result["CompliancePacks"])) == (3, 2, 1)


def test_the_scope_of_a_pack_has_all_its_fields(caller: Caller) -> None:
    scope = caller.call("GetCompliancePack", CompliancePackId=PACK).json()["CompliancePack"][
        "Scope"
    ]
    assert set(scope) == {
        "ExcludeRegionIdsScope",
        "ExcludeResourceGroupIdsScope",
        "ExcludeResourceIdsScope",
        "ExcludeTagsScope",
        "RegionIdsScope",
        "ResourceGroupIdsScope",
        "ResourceIdsScope",
        "TagKeyScope",
        "TagValueScope",
        "TagsScope",
    }


@pytest.mark.parametrize(
    "query",
    [
        {"PageSize": "9" * 5000},
        {"PageNumber": "-1"},
        {"RiskLevel": "²"},
        {"Tag": "[" * 100_000},
        {"Tag": "{}x"},
        {"Tag": "5"},
    ],
    ids=lambda query: str(query)[:30],
)
def test_a_parameter_that_cannot_be_read_is_invalid(caller: Caller, query: dict[str, str]) -> None:
    answer = caller.call_v3("ListCompliancePacks", "POST", form=query)
    assert (answer.status_code, get_error_code(answer)) == (400, "InvalidParameter")


def test_generate_reads_its_pack_from_the_body_only(caller: Caller) -> None:
    answer = caller.call_v3(GENERATE, "POST", query={"CompliancePackId": PACK})
    assert get_error_code(answer) == "MissingParameter"


def test_a_pack_of_another_account_is_unknown(staging_caller: Caller) -> None:
    answer = staging_caller.generate_report(PACK)
    assert (answer.status_code, get_error_code(answer)) == (400, "Invalid.CompliancePackId.Value")


def test_a_report_is_none_then_creating_then_complete(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, generation_seconds=6)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    assert caller.get_report(PACK)["ReportStatus"] == "NONE"
    assert set(caller.generate_report(PACK).json()) == {"CompliancePackId", "RequestId"}
    clock.now += 5
    assert caller.get_report(PACK)["ReportStatus"] == "CREATING"
    assert "ReportUrl" not in caller.get_report(PACK)
    clock.now += 2
    assert caller.get_report(PACK)["ReportStatus"] == "COMPLETE"


def test_a_second_report_is_refused_while_the_first_is_being_generated(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, generation_seconds=6)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    caller.generate_report(PACK)
    answer = caller.generate_report(PACK)
    assert (answer.status_code, get_error_code(answer)) == (400, "CompliancePackReportCreating")
    assert sandbox.generated == {PACK: 1}


def test_the_same_client_token_generates_once(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, generation_seconds=6)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    for _ in range(3):
        answer = caller.call(GENERATE, "POST", CompliancePackId=PACK, ClientToken="token-1")
        assert answer.status_code == 200
        clock.now += 10
    assert sandbox.generated == {PACK: 1}


@pytest.mark.parametrize("token", ["x" * 65, "令牌"])
def test_a_client_token_that_is_long_or_not_ascii_is_refused(caller: Caller, token: str) -> None:
    answer = caller.call(GENERATE, "POST", CompliancePackId=PACK, ClientToken=token)
    assert get_error_code(answer) == "InvalidParameter"


def test_every_report_is_newer_than_the_previous_one(caller: Caller) -> None:
    timestamps = []
    for _ in range(3):
        caller.generate_report(PACK)
        timestamps.append(caller.get_report(PACK)["ReportCreateTimestamp"])
    assert timestamps == sorted(set(timestamps))


def test_rules_are_counted_by_the_statuses_their_results_include(caller: Caller) -> None:
    answer = caller.call("GetConfigRuleComplianceByPack", CompliancePackId=PACK).json()[
        "ConfigRuleComplianceResult"
    ]
    types = [rule["ComplianceType"] for rule in answer["ConfigRuleCompliances"]]
    assert answer["TotalCount"] == len(types)
    assert answer["NonCompliantCount"] == types.count("NON_COMPLIANT") > 0
    assert answer["InsufficientDataCount"] == types.count("INSUFFICIENT_DATA") > 0
    assert answer["CompliantCount"] > types.count("COMPLIANT")
    assert sum(answer[name] for name in COUNTS) > answer["TotalCount"]


def test_a_resource_counts_as_compliant_once_for_each_rule(
    sandbox: Sandbox, caller: Caller
) -> None:
    state = sandbox.cloud_state.get_pack_state(PACK)
    answer = caller.call("GetResourceComplianceByPack", CompliancePackId=PACK).json()[
        "ResourceComplianceResult"
    ]
    assert answer["CompliantCount"] == state.totals["COMPLIANT"] > answer["TotalCount"]
    assert (
        answer["NonCompliantCount"]
        == state.resource_totals["NON_COMPLIANT"]
        < state.totals["NON_COMPLIANT"]
    )


def test_xml_repeats_list_elements_without_a_wrapper(caller: Caller) -> None:
    answer = caller.call_v1("ListCompliancePacks", Format="XML")
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert root.tag == "ListCompliancePacksResponse"
    packs = root.findall("CompliancePacksResult/CompliancePacks")
    assert len(packs) == 4
    assert packs[0].findtext("CompliancePackId") == PACK
    assert root.findtext("RequestId")


def test_an_error_in_xml_has_the_same_children(caller: Caller) -> None:
    answer = caller.call_v3(
        "GetCompliancePack", query={"CompliancePackId": "cp-0", "Format": "XML"}
    )
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert (answer.status_code, root.tag) == (400, "Error")
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message", "Recommend"]


def test_calls_are_recorded_with_their_error_codes(sandbox: Sandbox, caller: Caller) -> None:
    caller.generate_report(PACK)
    caller.generate_report("cp-0")
    assert sandbox.call_log.count_by_operation() == {GENERATE: 2}
    assert [(call.uid, call.code) for call in sandbox.call_log] == [
        ("1024837465912038", ""),
        ("1024837465912038", "Invalid.CompliancePackId.Value"),
    ]


def test_calls_are_listed_on_the_control_path(caller: Caller) -> None:
    caller.generate_report(PACK)
    answer = caller.client.get("/-/calls").json()
    assert [call["operation"] for call in answer["calls"]] == [GENERATE]
    assert answer["generated"] == {PACK: 1}


def test_the_log_of_calls_keeps_the_latest_and_counts_all_that_it_knows() -> None:
    log = CallLog(time.time, {})
    for number in range(KEPT_CALLS + 5):
        log.record(GENERATE, str(number))
    for number in range(1000):
        log.record(f"{number}-" + "x" * 1000, "")
    kept = list(log)
    assert (len(kept), kept[0].uid) == (KEPT_CALLS, "1005")
    assert max(len(call.operation) for call in kept) == 100
    assert log.count_by_operation()[GENERATE] == KEPT_CALLS + 5
    assert len(log.count_by_operation()) == 100


def test_simultaneous_requests_generate_one_report() -> None:
    sandbox = Sandbox(generation_seconds=60)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    with ThreadPoolExecutor(8) as pool:
        codes = [
            get_error_code(answer)
            for answer in pool.map(lambda _: caller.generate_report(PACK), range(16))
        ]
    assert sorted(codes) == ["CompliancePackReportCreating"] * 15 + ["None"]
    assert sandbox.generated == {PACK: 1}


@pytest.fixture
def frequent_thread_switches() -> Iterator[None]:
    """Switch between threads very often, so that a race condition shows itself."""
    default_interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(default_interval)


@pytest.mark.usefixtures("frequent_thread_switches")
def test_simultaneous_requests_for_many_packs_each_get_their_file() -> None:
    sandbox = Sandbox(CloudState.create_many(account_count=1, packs_per_account=60, rows=5))
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(caller.generate_and_download, sandbox.cloud_state.packs))
    assert {content[:4] for content in files} == {bytes.fromhex("d0cf11e0")}
    assert set(sandbox.generated.values()) == {1}


def test_calls_beyond_the_limit_are_throttled(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, limits=ASSUMED_LIMITS)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    codes = [get_error_code(caller.call("ListCompliancePacks")) for _ in range(61)]
    assert codes == ["None"] * 60 + ["Throttling.User"]
    clock.now += 60
    assert caller.call("ListCompliancePacks").status_code == 200


def test_the_documentation_names_every_operation(sandbox: Sandbox) -> None:
    text = Path("docs/sandbox.md").read_text(encoding="utf-8")
    assert [name for name in sandbox.operation_names if name not in text] == []


def test_the_cloud_can_have_many_accounts_and_packs() -> None:
    sandbox = Sandbox(CloudState.create_many(account_count=3, packs_per_account=25, rows=50))
    caller = Caller(sandbox, sandbox.accounts[2].credential)
    result = list_packs(caller, PageSize="100")
    assert result["TotalCount"] == 25
    assert caller.generate_and_download(result["CompliancePacks"][24]["CompliancePackId"])
