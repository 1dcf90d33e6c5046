"""The client of the cloud: what it sends, and how it reads the answers."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from dashboard.cloud import CloudError, signing
from dashboard.cloud.client import Client
from tests.cloud import GENERATED, KEY_ID, LINK, REPORT, SECRET, Cloud, build_error


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


def test_the_log_contains_neither_key_nor_secret_nor_link(
    recording_server: tuple[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    address, _paths = recording_server
    with caplog.at_level(logging.DEBUG), Client(address, KEY_ID, SECRET, attempts=1) as client:
        client.get_report("cp-1")
    assert "HTTP Request: GET" in caplog.text
    for secret in (KEY_ID, SECRET, "s3cr3t"):
        assert secret not in caplog.text


@pytest.mark.parametrize("access_key_id", ["id", "Report", "C"])
def test_a_report_is_joined_with_any_access_key_id(access_key_id: str) -> None:
    cloud = Cloud((400, build_error("CompliancePackReportCreating", f"{access_key_id} waits")))
    client = Client("config.example.com", access_key_id, SECRET, transport=cloud.transport)
    assert client.generate_report("cp-1", "token-1").joined
