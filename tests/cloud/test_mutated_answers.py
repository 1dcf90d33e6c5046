"""For any answer of the cloud, nothing but CloudError leaves the room `cloud/`."""

import io
import json
from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.cloud import CloudError
from dashboard.cloud.client import Client, IdentityClient
from dashboard.cloud.download import download_file
from dashboard.cloud.evaluation_answers import ResultPage
from tests.cloud import KEY_ID, SECRET, Cloud

RULE = {
    "ConfigRuleId": "cr-1",
    "ConfigRuleName": "规则",
    "ComplianceType": "COMPLIANT",
    "ManagedRuleIdentifier": "oss",
    "ResourceTypesScope": "ACS::OSS::Bucket,ACS::ECS::Disk",
    "RiskLevel": 1,
    "ConfigRuleParameters": [{"ParameterName": "days", "ParameterValue": "90"}],
}
RESULT = {
    "Annotation": '{"configuration":"false","desiredValue":"true","operator":"Equals"}',
    "ComplianceType": "NON_COMPLIANT",
    "EvaluationResultIdentifier": {
        "EvaluationResultQualifier": {
            "CompliancePackId": "cp-1",
            "ConfigRuleId": "cr-1",
            "RegionId": "cn-shanghai",
            "ResourceId": "i-1",
            "ResourceOwnerId": 1000000000000001,
            "ResourceType": "ACS::ECS::Instance",
        },
        "OrderingTimestamp": 1624329965857,
    },
    "ResultRecordedTimestamp": 1624329965857,
    "RiskLevel": 1,
}
CONFIG_RULE = {
    **RULE,
    "ConfigRuleState": "ACTIVE",
    "ConfigRuleTriggerTypes": "ConfigurationItemChangeNotification",
    "ManagedRule": {"Identifier": "oss"},
    "Source": {"Identifier": "oss"},
    "ConfigRuleEvaluationStatus": {
        "LastErrorCode": "CloudConfigServiceRoleNotExisted",
        "LastErrorMessage": "No role.",
        "LastFailedEvaluationTimestamp": 1624329965857,
        "LastSuccessfulEvaluationTimestamp": 0,
    },
}
PACK = {
    "CompliancePackId": "cp-1",
    "CompliancePackName": "等保三级",
    "AccountId": 1000000000000001,
    "RiskLevel": 2,
    "CreateTimestamp": 1624329965857,
    "ConfigRules": [RULE],
}
COUNTS = {"CompliancePackId": "cp-1", "TotalCount": 1, "CompliantCount": 1}
LINK = "https://bucket.oss-cn-shanghai.aliyuncs.com/1-cp-1-report-202106221046.xls?Signature=a"
ANSWER: dict[str, Any] = {
    "RequestId": "REQ-1",
    "AccountId": "1000000000000001",
    "CompliancePackId": "cp-1",
    "CompliancePacksResult": {"CompliancePacks": [PACK], "TotalCount": 1},
    "CompliancePack": PACK,
    "CompliancePackReport": {
        "AccountId": 1000000000000001,
        "CompliancePackId": "cp-1",
        "ReportCreateTimestamp": 1624329965857,
        "ReportStatus": "COMPLETE",
        "ReportUrl": LINK,
    },
    "ConfigRuleComplianceResult": {**COUNTS, "ConfigRuleCompliances": [RULE]},
    "ResourceComplianceResult": COUNTS,
    "EvaluationResults": {
        "EvaluationResultList": [RESULT, RESULT],
        "MaxResults": 100,
        "NextToken": "token-2",
    },
    "ConfigRule": CONFIG_RULE,
    "Result": True,
}
ERROR = {
    "RequestId": "REQ-1",
    "Code": "Forbidden.RAM",
    "Message": "No.",
    "AccessDeniedDetail": {"AuthAction": "config:GetCompliancePack"},
}
any_text = st.text(st.characters(), max_size=20)
odd_values = st.sampled_from(
    [10**18, -1, 10**400, 1e308, float("nan"), "9" * 5000, "\ud800", "\0", "a..b", LINK, "²", "١"]
)
# Values as they stand in the answer: some cannot be written with json.dumps.
hostile_json = st.sampled_from(
    [
        b"9" * 5000,
        b'"%s"' % (b"9" * 5000),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 900 + b"]" * 900,
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        b'"\\u0000"',
        b"NaN",
        b"1e999",
        b"true",
        b"{}",
        b'"\xc2\xb2"',
    ]
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | odd_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)


def store_page(page: ResultPage) -> None:
    """Do what is done with each page: its body is a line of strict JSON, its fields are stored."""
    answer = orjson.loads(page.body)
    assert len(answer["EvaluationResults"]["EvaluationResultList"]) == page.row_count
    assert "\0" not in page.next_token
    json.dumps([page.next_token, *page.rule_ids, *page.account_ids], ensure_ascii=False).encode()
    if page.first_recorded_ms is not None:
        assert page.first_recorded_ms <= (page.last_recorded_ms or 0) < 2**63


def store_fields(answer: object) -> None:
    json.dumps(vars(answer), ensure_ascii=False).encode()


CALLS: list[Callable[[Client], object]] = [
    lambda client: client.list_packs(),
    lambda client: client.get_pack("cp-1"),
    lambda client: client.generate_report("cp-1", "token-1"),
    lambda client: client.get_rule_compliance("cp-1"),
    lambda client: client.get_resource_compliance("cp-1"),
    lambda client: store_page(client.list_evaluation_results("cp-1", "token-1")),
    lambda client: store_fields(client.get_config_rule("cr-1")),
    lambda client: store_fields(client.start_evaluation("cp-1")),
]


def list_places(node: Any) -> list[tuple[Any, Any]]:
    """Return (parent, key) of each value in an answer."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    places: list[tuple[Any, Any]] = [(node, key) for key in keys]
    for key in keys:
        if isinstance(node[key], dict | list):
            places += list_places(node[key])
    return places


@st.composite
def changed_answer(draw: st.DrawFn, answer: dict[str, Any]) -> bytes:
    """Return an answer in which one value is removed, or replaced by any or a hostile one."""
    copy: dict[str, Any] = json.loads(json.dumps(answer))
    parent, key = draw(st.sampled_from(list_places(copy)))
    if draw(st.integers(0, 5)) == 0:
        del parent[key]
        return encode_json(copy)
    if draw(st.booleans()):
        parent[key] = draw(any_json)
        return encode_json(copy)
    parent[key] = "PLACE"
    return encode_json(copy).replace(b'"PLACE"', draw(hostile_json))


def encode_json(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode(errors="surrogatepass")


@st.composite
def answer_bytes(draw: st.DrawFn) -> bytes:
    """Return a changed answer, with changed bytes now and then, or any JSON."""
    content = draw(
        changed_answer(ANSWER) | changed_answer(ERROR) | any_json.map(encode_json) | hostile_json
    )
    if draw(st.integers(0, 5)) == 0:
        at, part = draw(st.integers(0, len(content))), draw(st.binary(max_size=4))
        content = content[:at] + part + content[at + len(part) :]
    return content


def run(call: Callable[[], object]) -> None:
    """Make a call; a CloudError is all that it may raise, and it can be stored and shown."""
    try:
        call()
    except CloudError as error:
        facts = json.dumps([error.code, error.facts, str(error)], ensure_ascii=False).encode()
        assert b"\\u0000" not in facts


def call_everything(client: Client) -> None:
    for call in CALLS:
        run(lambda call=call: call(client))  # type: ignore[misc]
    run(lambda: follow_link(client))


def follow_link(client: Client) -> None:
    report = client.get_report("cp-1")
    json.dumps(vars(report), ensure_ascii=False).encode()
    if report.status == "COMPLETE":
        download_file(
            report.url,
            io.BytesIO(),
            allowed_hosts=[".aliyuncs.com"],
            max_bytes=100,
            timeout=60,
            transport=Cloud((200, b"file")).transport,
        )


@settings(max_examples=300)
@given(answer_bytes(), st.sampled_from([200, 204, 302, 400, 403, 404, 429, 500, 503]))
def test_nothing_but_a_cloud_error_comes_from_any_answer(content: bytes, status: int) -> None:
    cloud = Cloud((status, content))
    call_everything(cloud.create_client(attempts=1))
    identity = IdentityClient(
        "sts.example.com", KEY_ID, SECRET, transport=cloud.transport, attempts=1
    )
    run(identity.get_caller_identity)


@settings(max_examples=100)
@given(
    st.sampled_from([200, 403, 503]),
    st.binary(max_size=50)
    | st.builds(
        lambda code, message: f"<Error><Code>{code}</Code><Message>{message}</Message>".encode(
            errors="replace"
        ),
        any_text,
        any_text,
    ),
    st.dictionaries(
        st.sampled_from(["Content-Disposition", "ETag", "Content-Length", "Last-Modified"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126))
        | st.sampled_from(["attachment; filename*=\0''%ff", "filename*0*=a'b", "9" * 5000]),
    ),
)
def test_nothing_but_a_cloud_error_comes_from_any_download(
    status: int, content: bytes, headers: dict[str, str]
) -> None:
    run(
        lambda: download_file(
            LINK,
            io.BytesIO(),
            allowed_hosts=[".aliyuncs.com"],
            max_bytes=100,
            timeout=60,
            transport=Cloud((status, content), headers=headers).transport,
        )
    )
