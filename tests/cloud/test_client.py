"""The client of the cloud: what it sends, how it reads the answers, what it retries."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import httpx
import pytest

from dashboard.cloud import CloudError, signing
from dashboard.cloud.client import Client
from dashboard.cloud.download import parse_allowed_url
from tests.cloud import KEY_ID, SECRET, Cloud, build_error

GENERATED = {"CompliancePackId": "cp-1", "RequestId": "REQ-2"}
FILE_ADDRESS = "https://bucket.oss-cn-shanghai.aliyuncs.com/1-cp-1-report-202106221046.xls"
LINK = f"{FILE_ADDRESS}?Expires=1&Signature=s3cr3t"
REPORT = {
    "RequestId": "REQ-3",
    "CompliancePackReport": {
        "AccountId": 1000000000000001,
        "CompliancePackId": "cp-1",
        "ReportCreateTimestamp": 1624329965857,
        "ReportStatus": "COMPLETE",
        "ReportUrl": LINK,
    },
}


def build_packs_answer(*pack_ids: str, total: int | None) -> dict[str, object]:
    result: dict[str, object] = {
        "CompliancePacks": [{"CompliancePackId": pack_id} for pack_id in pack_ids],
        "TotalCount": total,
    }
    return {"RequestId": "REQ-4", "CompliancePacksResult": result}


def compute_signature(environ: dict[str, object], secret: str) -> str:
    """Sign a received request again, as the cloud does to check it."""
    headers = {
        name[5:].lower().replace("_", "-"): str(value)
        for name, value in environ.items()
        if name[:5] == "HTTP_"
    }
    headers["content-type"] = str(environ.get("CONTENT_TYPE"))
    names = str(headers["authorization"]).split("SignedHeaders=")[1].split(",")[0].split(";")
    query = [(name, values[0]) for name, values in parse_qs(str(environ["QUERY_STRING"])).items()]
    method = str(environ["REQUEST_METHOD"])
    return signing.compute_v3_signature(
        secret, method, "/", query, headers, names, headers["x-acs-content-sha256"]
    )


def test_a_request_is_signed_with_v3_including_its_query() -> None:
    cloud = Cloud((200, REPORT))
    cloud.create_client(security_token="an STS token").get_report("cp 1*包")
    [environ] = cloud.requests
    assert environ["HTTP_AUTHORIZATION"].endswith(f"Signature={compute_signature(environ, SECRET)}")
    assert f"Credential={KEY_ID},SignedHeaders=host;x-acs-action;" in environ["HTTP_AUTHORIZATION"]
    assert environ["HTTP_X_ACS_SECURITY_TOKEN"] == "an STS token"
    assert environ["HTTP_X_ACS_VERSION"] == "2020-09-07"


def test_generate_report_is_a_signed_post_with_its_parameters_in_the_body() -> None:
    cloud = Cloud((200, GENERATED))
    generated = cloud.create_client().generate_report("cp-1", "token-1")
    [environ] = cloud.requests
    assert (environ["REQUEST_METHOD"], environ["QUERY_STRING"]) == ("POST", "")
    assert environ["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
    assert cloud.forms == [{"CompliancePackId": "cp-1", "ClientToken": "token-1"}]
    assert (
        ";content-type;" in environ["HTTP_AUTHORIZATION"]
        or "=content-type;" in environ["HTTP_AUTHORIZATION"]
    )
    assert environ["HTTP_AUTHORIZATION"].endswith(f"Signature={compute_signature(environ, SECRET)}")
    assert not generated.joined


def test_a_report_that_is_already_being_generated_is_joined() -> None:
    cloud = Cloud(
        (400, build_error("CompliancePackReportCreating", "The report is being created."))
    )
    generated = cloud.create_client().generate_report("cp-1", "token-1")
    assert generated.joined
    assert generated.request_id == "REQ-1"
    assert len(cloud.requests) == 1


def test_get_report_is_a_get_with_its_parameters_in_the_query() -> None:
    cloud = Cloud((200, REPORT))
    cloud.create_client().get_report("cp-1")
    [environ] = cloud.requests
    assert (environ["REQUEST_METHOD"], environ["QUERY_STRING"]) == ("GET", "CompliancePackId=cp-1")
    assert environ["HTTP_X_ACS_ACTION"] == "GetCompliancePackReport"


def test_the_status_of_a_report_is_read_and_its_repr_hides_the_link() -> None:
    state = Cloud((200, REPORT)).create_client().get_report("cp-1")
    assert (state.status, state.created_at_ms, state.url) == ("COMPLETE", 1624329965857, LINK)
    assert (state.account_id, state.request_id) == ("1000000000000001", "REQ-3")
    assert "Signature" not in repr(state)
    assert "aliyuncs" not in repr(state)


def test_a_pack_without_a_report_has_neither_time_nor_link() -> None:
    answer = {
        "RequestId": "REQ-3",
        "CompliancePackReport": {"CompliancePackId": "cp-1", "ReportStatus": "NONE"},
    }
    state = Cloud((200, answer)).create_client().get_report("cp-1")
    assert (state.status, state.created_at_ms, state.url) == ("NONE", None, "")


def test_packs_are_listed_from_all_pages() -> None:
    cloud = Cloud(
        (200, build_packs_answer("cp-1", "cp-2", total=3)),
        (200, build_packs_answer("cp-3", total=3)),
    )
    assert [pack.pack_id for pack in cloud.create_client().list_packs()] == ["cp-1", "cp-2", "cp-3"]
    assert [environ["QUERY_STRING"] for environ in cloud.requests] == [
        "PageSize=100&PageNumber=1",
        "PageSize=100&PageNumber=2",
    ]


def test_a_pack_is_read_with_its_rules() -> None:
    rule = {
        "ConfigRuleId": "cr-1",
        "ConfigRuleName": "OSS 存储空间 ACL 不开启公共读",
        "ManagedRuleIdentifier": "oss-bucket-public-read-prohibited",
        "ResourceTypesScope": "ACS::OSS::Bucket,ACS::ECS::Disk",
        "RiskLevel": 1,
        "ConfigRuleParameters": [
            {"ParameterName": "days", "ParameterValue": "90", "Required": True}
        ],
    }
    detail = {
        "CompliancePackId": "cp-1",
        "CompliancePackName": "等保三级",
        "AccountId": "1000000000000001",
    }
    answer = {
        "RequestId": "REQ-5",
        "CompliancePack": detail | {"RiskLevel": "2", "ConfigRules": [rule]},
    }
    pack = Cloud((200, answer)).create_client().get_pack("cp-1")
    assert (pack.name, pack.account_id, pack.risk, pack.created_at_ms) == (
        "等保三级",
        "1000000000000001",
        2,
        None,
    )
    [pack_rule] = pack.rules
    assert (pack_rule.identifier, pack_rule.risk) == ("oss-bucket-public-read-prohibited", 1)
    assert pack_rule.resource_types == ("ACS::OSS::Bucket", "ACS::ECS::Disk")
    assert pack_rule.parameters == {"days": "90"}


def test_the_status_of_rules_is_read() -> None:
    result = {
        "TotalCount": 2,
        "CompliantCount": 1,
        "ConfigRuleCompliances": [{"ConfigRuleId": "cr-1", "ComplianceType": "NON_COMPLIANT"}],
    }
    compliance = (
        Cloud((200, {"RequestId": "R", "ConfigRuleComplianceResult": result}))
        .create_client()
        .get_rule_compliance("cp-1")
    )
    assert (compliance.total, compliance.compliant, compliance.ignored) == (2, 1, None)
    assert [(rule.rule_id, rule.status) for rule in compliance.rules] == [("cr-1", "NON_COMPLIANT")]


def test_the_counts_of_resources_are_read() -> None:
    result = {"TotalCount": 9, "NonCompliantCount": "4", "IgnoredCount": 0}
    counts = (
        Cloud((200, {"RequestId": "R", "ResourceComplianceResult": result}))
        .create_client()
        .get_resource_compliance("cp-1")
    )
    assert (counts.total, counts.non_compliant, counts.ignored, counts.compliant) == (9, 4, 0, None)


@pytest.mark.parametrize(
    "fault",
    [
        (400, build_error("Throttling")),
        (429, build_error("Throttling.User")),
        (429, b"<html>Too Many Requests</html>"),
        (429, b""),
        (429, {"message": "slow down"}),
        (429, build_error("Nobody.Has.Heard")),
        (400, {"code": "Throttling.User", "message": "slow down", "requestId": "REQ-1"}),
        (400, build_error("Throttling.Api")),
        (503, build_error("ServiceUnavailable")),
        (500, build_error("InternalError")),
        (400, build_error("SignatureNonceUsed")),
        (502, b"<html>Bad Gateway</html>"),
        ConnectionResetError("Connection reset by peer"),
        httpx.ConnectError("Connection refused"),
        httpx.ReadTimeout("timed out"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
    ],
    ids=str,
)
def test_a_temporary_error_is_retried_with_a_new_nonce_and_the_same_token(
    fault: tuple[int, object] | Exception,
) -> None:
    cloud = Cloud(fault, fault, (200, GENERATED))
    assert cloud.create_client().generate_report("cp-1", "token-1").request_id == "REQ-2"
    assert len({environ["HTTP_X_ACS_SIGNATURE_NONCE"] for environ in cloud.requests}) == 3
    assert len({environ["HTTP_AUTHORIZATION"] for environ in cloud.requests}) == 3
    assert [form["ClientToken"] for form in cloud.forms] == ["token-1"] * 3


def test_the_number_of_attempts_is_limited() -> None:
    cloud = Cloud(
        (400, build_error("Throttling.User", "Request was denied due to user flow control."))
    )
    with pytest.raises(
        CloudError, match=r"^Throttling\.User: Request was denied .* \(request REQ-1\)$"
    ):
        cloud.create_client(attempts=2).get_report("cp-1")
    assert len(cloud.requests) == 2


def test_the_time_for_all_attempts_is_limited() -> None:
    cloud = Cloud((503, build_error("ServiceUnavailable")))
    with pytest.raises(CloudError, match="ServiceUnavailable"):
        cloud.create_client(attempts=1000, retry_timeout=0.05, initial_wait=0.02).get_report("cp-1")
    assert 1 <= len(cloud.requests) < 20


@pytest.mark.parametrize(
    "code", ["Forbidden.RAM", "SignatureDoesNotMatch", "InvalidParameter", "Unheard.Of"]
)
def test_a_permanent_error_is_not_retried(code: str) -> None:
    cloud = Cloud((503, build_error(code)))
    with pytest.raises(CloudError) as caught:
        cloud.create_client().get_report("cp-1")
    assert caught.value.code == code
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>Sign in to the hotel's network</html>"),
        (200, b"\xff\xfe\x00"),
        (200, [1, 2]),
        (200, {"RequestId": "REQ-1"}),
        (200, {"RequestId": "REQ-1", "CompliancePackReport": {"ReportUrl": LINK}}),
        (302, b""),
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_read_is_a_bad_answer(answer: tuple[int, object]) -> None:
    with pytest.raises(CloudError) as caught:
        Cloud(answer).create_client().get_report("cp-1")
    assert caught.value.code == "BadAnswer"
    assert "Signature" not in str(caught.value)


def test_an_error_in_xml_is_read() -> None:
    fields = (
        b"<RequestId>REQ-6</RequestId><Code>AccountNotExisted</Code><Message>No &amp; no.</Message>"
    )
    body = b"<?xml version='1.0' encoding='UTF-8'?><Error>" + fields + b"</Error>"
    with pytest.raises(CloudError) as caught:
        Cloud((404, body)).create_client().get_report("cp-1")
    assert (caught.value.code, caught.value.message, caught.value.request_id) == (
        "AccountNotExisted",
        "No & no.",
        "REQ-6",
    )


@pytest.mark.parametrize(
    "endpoint", ["config.example.com", "https://config.example.com", "https://config.example.com/"]
)
def test_an_endpoint_is_a_host_or_an_address(endpoint: str) -> None:
    cloud = Cloud((200, GENERATED))
    with Client(endpoint, KEY_ID, SECRET, transport=cloud.transport) as client:
        client.generate_report("cp-1", "token-1")
    [environ] = cloud.requests
    assert (environ["wsgi.url_scheme"], environ["HTTP_HOST"]) == ("https", "config.example.com")


def test_an_endpoint_that_is_no_address_is_a_cloud_error() -> None:
    with pytest.raises(CloudError, match="ConnectionFailed"):
        Client("config.example.com:port", KEY_ID, SECRET)


def test_an_access_key_in_chinese_is_a_cloud_error() -> None:
    client = Client(
        "config.example.com", "密钥", "秘密", transport=Cloud((200, GENERATED)).transport
    )
    with pytest.raises(CloudError) as caught:
        client.get_report("cp-1")
    assert caught.value.advice == "access_key"


class RecordingHandler(BaseHTTPRequestHandler):
    """An HTTP server that keeps the paths of its requests; it can stand for a proxy as well."""

    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        body = json.dumps(REPORT).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def recording_server() -> Iterator[tuple[str, list[str]]]:
    paths: list[str] = []
    handler = type("Handler", (RecordingHandler,), {"paths": paths})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def test_a_proxy_of_the_environment_is_honoured(
    recording_server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, paths = recording_server
    monkeypatch.setenv("http_proxy", address)
    with Client("http://config.example.com", KEY_ID, SECRET, attempts=1) as client:
        assert client.get_report("cp-1").status == "COMPLETE"
    assert paths == ["http://config.example.com/?CompliancePackId=cp-1"]


def test_a_sandbox_on_this_machine_is_called_without_a_proxy(
    recording_server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, paths = recording_server
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Client(address, KEY_ID, SECRET, attempts=1) as client:
        client.get_report("cp-1")
    assert paths == ["/?CompliancePackId=cp-1"]


def test_a_cloud_that_is_down_is_a_failed_connection() -> None:
    with (
        Client("http://127.0.0.1:9", KEY_ID, SECRET, attempts=2, initial_wait=0.0) as client,
        pytest.raises(CloudError) as caught,
    ):
        client.get_report("cp-1")
    assert (caught.value.code, caught.value.advice) == ("ConnectionFailed", "network")


def test_the_log_contains_neither_key_nor_secret_nor_link(
    recording_server: tuple[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    address, _paths = recording_server
    with caplog.at_level(logging.DEBUG), Client(address, KEY_ID, SECRET, attempts=1) as client:
        client.get_report("cp-1")
    assert "HTTP Request: GET" in caplog.text
    for secret in (KEY_ID, SECRET, "s3cr3t"):
        assert secret not in caplog.text


def test_an_error_in_lower_case_is_read_like_any_other() -> None:
    answer = {
        "code": "Forbidden.RAM",
        "message": "No.",
        "requestId": "REQ-7",
        "accessDeniedDetail": {"AuthAction": "config:Other"},
    }
    for status in (200, 403):
        with pytest.raises(CloudError) as caught:
            Cloud((status, answer)).create_client().get_report("cp-1")
        error = caught.value
        assert (error.code, error.message, error.request_id, error.detail) == (
            "Forbidden.RAM", "No.", "REQ-7", "config:Other",
        )  # fmt: skip


def test_a_429_without_json_is_throttling() -> None:
    with pytest.raises(CloudError) as caught:
        Cloud((429, b"<html>")).create_client(attempts=1).get_report("cp-1")
    assert (caught.value.code, caught.value.status) == ("Throttling", 429)


@pytest.mark.parametrize("access_key_id", ["id", "Report", "C"])
def test_a_report_is_joined_with_any_access_key_id(access_key_id: str) -> None:
    cloud = Cloud((400, build_error("CompliancePackReportCreating", f"{access_key_id} waits")))
    client = Client("config.example.com", access_key_id, SECRET, transport=cloud.transport)
    assert client.generate_report("cp-1", "token-1").joined


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({}, "missing_field"),
        ({"RequestId": "REQ-2"}, "missing_field"),
        ({"RequestId": "REQ-2", "CompliancePackId": "cp-2"}, "other_pack"),
        ({"RequestId": "REQ-2", "CompliancePackId": ["cp-1"]}, "wrong_field"),
    ],
)
def test_an_answer_to_generate_must_name_the_pack(answer: dict[str, object], problem: str) -> None:
    with pytest.raises(CloudError) as caught:
        Cloud((200, answer)).create_client().generate_report("cp-1", "token-1")
    assert (caught.value.code, caught.value.problem) == ("BadAnswer", problem)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"ReportUrl": None}, "no_link"),
        ({"ReportUrl": ""}, "no_link"),
        ({"ReportUrl": 0}, "bad_link"),
        ({"ReportUrl": ["https://a.aliyuncs.com"]}, "wrong_field"),
        ({"ReportCreateTimestamp": None}, "missing_field"),
        ({"ReportCreateTimestamp": "yesterday"}, "wrong_field"),
        ({"ReportCreateTimestamp": -1}, "wrong_field"),
        ({"ReportCreateTimestamp": 0}, "wrong_field"),
        ({"ReportCreateTimestamp": 1624329965}, "wrong_field"),
        ({"ReportCreateTimestamp": 10**17}, "wrong_field"),
        ({"ReportCreateTimestamp": "9" * 5000}, "wrong_field"),
        ({"ReportStatus": "FAILED"}, "wrong_field"),
        ({"ReportStatus": True}, "wrong_field"),
    ],
    ids=str,
)
def test_a_complete_report_has_a_link_and_a_time(fields: dict[str, object], problem: str) -> None:
    answer = {**REPORT, "CompliancePackReport": {**REPORT["CompliancePackReport"], **fields}}  # type: ignore[dict-item]
    client = Cloud((200, answer)).create_client()
    with pytest.raises(CloudError) as caught:
        parse_allowed_url(client.get_report("cp-1").url, [".aliyuncs.com"])
    assert (caught.value.code, caught.value.problem) == ("BadAnswer", problem)
    assert caught.value.request_id == ("" if problem == "bad_link" else "REQ-3")


def test_counts_and_rules_of_another_pack_are_a_bad_answer() -> None:
    other = {"CompliancePackId": "cp-2", "TotalCount": 1}
    answer = {
        "CompliancePack": other,
        "ConfigRuleComplianceResult": other,
        "ResourceComplianceResult": other,
    }
    client = Cloud((200, answer)).create_client()
    for call in (client.get_pack, client.get_rule_compliance, client.get_resource_compliance):
        with pytest.raises(CloudError) as caught:
            call("cp-1")
        assert (caught.value.problem, caught.value.detail) == ("other_pack", "cp-2")
