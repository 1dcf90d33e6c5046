"""The client of the cloud: which errors it raises, and what it retries."""

import httpx
import pytest

from dashboard.cloud import CloudError
from dashboard.cloud.client import Client
from dashboard.cloud.download import parse_allowed_url
from tests.cloud import GENERATED, KEY_ID, LINK, REPORT, SECRET, Cloud, build_error


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


def test_a_cloud_that_is_down_is_a_failed_connection() -> None:
    with (
        Client("http://127.0.0.1:9", KEY_ID, SECRET, attempts=2, initial_wait=0.0) as client,
        pytest.raises(CloudError) as caught,
    ):
        client.get_report("cp-1")
    assert (caught.value.code, caught.value.advice) == ("ConnectionFailed", "network")


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
