"""The operations: documented methods, places, paging, statuses and formats."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest

from dashboard.sandbox.calls import ASSUMED_LIMITS
from dashboard.sandbox.estate import Estate
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock, code

PACK = "cp-6f0d62a3b1c94e75a208"
GENERATE = "GenerateCompliancePackReport"
COUNTS = (
    "CompliantCount",
    "NonCompliantCount",
    "NotApplicableCount",
    "InsufficientDataCount",
    "IgnoredCount",
)


def test_each_account_lists_its_own_packs(caller: Caller, staging: Caller) -> None:
    listed = [
        {
            pack["AccountId"]
            for pack in one.call("ListCompliancePacks").json()["CompliancePacksResult"][
                "CompliancePacks"
            ]
        }
        for one in (caller, staging)
    ]
    assert listed == [{1024837465912038}, {1739264850173625}]


def test_packs_come_in_pages(caller: Caller) -> None:
    pages = [
        caller.call("ListCompliancePacks", PageSize="3", PageNumber=number).json()[
            "CompliancePacksResult"
        ]
        for number in ("1", "2", "3")
    ]
    assert [len(page["CompliancePacks"]) for page in pages] == [3, 1, 0]
    assert {page["TotalCount"] for page in pages} == {4}


def test_packs_are_filtered_by_risk_status_and_tag(caller: Caller) -> None:
    def total(**query: str) -> int:
        return int(
            caller.call("ListCompliancePacks", **query).json()["CompliancePacksResult"][
                "TotalCount"
            ]
        )

    assert (total(RiskLevel="1"), total(RiskLevel="2"), total(RiskLevel="3")) == (2, 2, 0)
    assert (total(Status="ACTIVE"), total(Status="CREATING")) == (4, 0)
    assert total(Tag='[{"Key":"team","Value":"security"}]') == 4
    assert total(Tag='[{"Key":"team","Value":"other"}]') == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("PageSize", "101"), ("PageSize", "0"), ("PageNumber", "0"), ("RiskLevel", "x"), ("Tag", "{")],
)
def test_a_parameter_out_of_bounds_is_named(caller: Caller, name: str, value: str) -> None:
    answer = caller.call("ListCompliancePacks", **{name: value})
    assert (answer.status_code, code(answer)) == (400, "InvalidParameter")
    assert name in answer.json()["Message"]


def test_a_list_may_be_posted_with_its_parameters_in_the_query(caller: Caller) -> None:
    answer = caller.v3("ListCompliancePacks", "POST", query={"PageSize": "1"})
    assert len(answer.json()["CompliancePacksResult"]["CompliancePacks"]) == 1


def test_a_pack_tells_its_rules_with_managed_identifiers(caller: Caller) -> None:
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
    assert code(caller.call(action, method, CompliancePackId=PACK)) == "UnsupportedHTTPMethod"


def test_generate_takes_its_pack_from_the_body_only(caller: Caller) -> None:
    answer = caller.v3(GENERATE, "POST", query={"CompliancePackId": PACK})
    assert code(answer) == "MissingParameter"


def test_a_pack_of_another_account_is_unknown(staging: Caller) -> None:
    answer = staging.generate(PACK)
    assert (answer.status_code, code(answer)) == (400, "Invalid.CompliancePackId.Value")


def test_a_report_is_none_then_creating_then_complete(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, generation_seconds=6)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    assert caller.report(PACK)["ReportStatus"] == "NONE"
    assert set(caller.generate(PACK).json()) == {"CompliancePackId", "RequestId"}
    clock.now += 5
    assert caller.report(PACK)["ReportStatus"] == "CREATING"
    assert "ReportUrl" not in caller.report(PACK)
    clock.now += 2
    assert caller.report(PACK)["ReportStatus"] == "COMPLETE"


def test_generating_while_one_is_under_way_says_so(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, generation_seconds=6)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    caller.generate(PACK)
    answer = caller.generate(PACK)
    assert (answer.status_code, code(answer)) == (400, "CompliancePackReportCreating")
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
def test_a_client_token_is_short_ascii(caller: Caller, token: str) -> None:
    answer = caller.call(GENERATE, "POST", CompliancePackId=PACK, ClientToken=token)
    assert code(answer) == "InvalidParameter"


def test_every_report_is_newer_than_the_last(caller: Caller) -> None:
    stamps = []
    for _ in range(3):
        caller.generate(PACK)
        stamps.append(caller.report(PACK)["ReportCreateTimestamp"])
    assert stamps == sorted(set(stamps))


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
    state = sandbox.estate.state(PACK)
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
    answer = caller.v1("ListCompliancePacks", Format="XML")
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert root.tag == "ListCompliancePacksResponse"
    packs = root.findall("CompliancePacksResult/CompliancePacks")
    assert len(packs) == 4
    assert packs[0].findtext("CompliancePackId") == PACK
    assert root.findtext("RequestId")


def test_an_error_in_xml_has_the_same_children(caller: Caller) -> None:
    answer = caller.v3("GetCompliancePack", query={"CompliancePackId": "cp-0", "Format": "XML"})
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert (answer.status_code, root.tag) == (400, "Error")
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message", "Recommend"]


def test_calls_are_counted_with_their_outcome(sandbox: Sandbox, caller: Caller) -> None:
    caller.generate(PACK)
    caller.generate("cp-0")
    assert sandbox.calls.counted() == {GENERATE: 2}
    assert [(call.uid, call.code) for call in sandbox.calls] == [
        ("1024837465912038", ""),
        ("1024837465912038", "Invalid.CompliancePackId.Value"),
    ]


def test_calls_are_shown_to_whoever_tests(caller: Caller) -> None:
    caller.generate(PACK)
    shown = caller.client.get("/-/calls").json()
    assert [call["operation"] for call in shown["calls"]] == [GENERATE]
    assert shown["generated"] == {PACK: 1}


def test_callers_at_once_generate_once() -> None:
    sandbox = Sandbox(generation_seconds=60)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    with ThreadPoolExecutor(8) as pool:
        codes = [code(answer) for answer in pool.map(lambda _: caller.generate(PACK), range(16))]
    assert sorted(codes) == ["CompliancePackReportCreating"] * 15 + ["None"]
    assert sandbox.generated == {PACK: 1}


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that interrupt each other all the time, so that a race is lost every time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_callers_of_many_packs_at_once_each_get_their_file() -> None:
    sandbox = Sandbox(Estate.many(accounts=1, packs=60, rows=5))
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(caller.file, sandbox.estate.packs))
    assert {content[:4] for content in files} == {bytes.fromhex("d0cf11e0")}
    assert set(sandbox.generated.values()) == {1}


def test_limits_throttle_what_comes_too_often(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock, limits=ASSUMED_LIMITS)
    caller = Caller(sandbox, sandbox.accounts[0].credential)
    codes = [code(caller.call("ListCompliancePacks")) for _ in range(61)]
    assert codes == ["None"] * 60 + ["Throttling.User"]
    clock.now += 60
    assert caller.call("ListCompliancePacks").status_code == 200


def test_there_may_be_many_accounts_and_packs() -> None:
    sandbox = Sandbox(Estate.many(accounts=3, packs=25, rows=50))
    caller = Caller(sandbox, sandbox.accounts[2].credential)
    result = caller.call("ListCompliancePacks", PageSize="100").json()["CompliancePacksResult"]
    assert result["TotalCount"] == 25
    assert caller.file(result["CompliancePacks"][24]["CompliancePackId"])
