"""The errors of the cloud: each has its advice, and none shows a secret."""

import pickle
import time

import pytest

from dashboard.cloud import Advice, CloudError
from tests.cloud import KEY_ID, SECRET, Cloud, build_error


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (400, "Invalid.CompliancePackId.Value", Advice.GONE_PACK),
        (400, "Invalid.AggregatorId.Value", Advice.GONE_GROUP),
        (400, "NoPermission", Advice.PERMISSION),
        (403, "NoPermission", Advice.PERMISSION),
        (403, "Forbidden.RAM", Advice.PERMISSION),
        (404, "AccountNotExisted", Advice.WRONG_ACCOUNT),
        (503, "ServiceUnavailable", Advice.RETRY_LATER),
        (500, "InternalError", Advice.RETRY_LATER),
        (400, "SignatureNonceUsed", Advice.RETRY_LATER),
        (400, "Throttling", Advice.SLOW_DOWN),
        (429, "Throttling.User", Advice.SLOW_DOWN),
        (400, "Throttling.Api", Advice.SLOW_DOWN),
        (404, "InvalidAccessKeyId.NotFound", Advice.ACCESS_KEY),
        (400, "InvalidAccessKeyId.Inactive", Advice.ACCESS_KEY),
        (403, "SignatureDoesNotMatch", Advice.SECRET),
        (400, "IncompleteSignature", Advice.SECRET),
        (400, "InvalidTimeStamp.Expired", Advice.CLOCK),
        (400, "IllegalTimestamp", Advice.CLOCK),
        (400, "InvalidSecurityToken.Expired", Advice.TOKEN),
        (400, "InvalidSecurityToken.Malformed", Advice.TOKEN),
        (400, "MissingParameter", Advice.DEFECT),
        (400, "InvalidParameter", Advice.DEFECT),
        (404, "InvalidAction.NotFound", Advice.DEFECT),
        (418, "Nobody.Has.Heard", Advice.OTHER),
    ],
)
def test_each_code_of_the_cloud_has_its_advice(status: int, code: str, advice: Advice) -> None:
    with pytest.raises(CloudError) as caught:
        Cloud((status, build_error(code, "What happened."))).create_client(attempts=1).get_report(
            "cp-1"
        )
    error = caught.value
    assert (error.status, error.code, error.message, error.request_id) == (
        status,
        code,
        "What happened.",
        "REQ-1",
    )
    assert error.advice is advice


def test_an_error_code_counts_even_with_status_200() -> None:
    with pytest.raises(CloudError, match="Throttling"):
        Cloud((200, build_error("Throttling"))).create_client(attempts=1).get_report("cp-1")


def test_a_missing_permission_is_read_from_the_answer() -> None:
    answer = build_error(
        "NoPermission",
        AccessDeniedDetail={"AuthAction": "config:GetSomething", "NoPermissionType": "x"},
    )
    with pytest.raises(CloudError) as caught:
        Cloud((403, answer)).create_client().get_report("cp-1")
    assert caught.value.detail == "config:GetSomething"


def test_a_missing_permission_that_the_answer_does_not_name_is_the_operation() -> None:
    with pytest.raises(CloudError) as caught:
        Cloud((403, build_error("Forbidden.RAM"))).create_client().get_report("cp-1")
    assert caught.value.detail == "config:GetCompliancePackReport"


@pytest.mark.parametrize(
    "echo",
    [
        f". server string to sign is:GET&%2F&AccessKeyId%3D{KEY_ID}",
        f". StringToSign: POST\n{KEY_ID}",
        ", server canonicalRequest is GET\n/\nhost:x",
    ],
)
def test_the_string_to_sign_is_removed_from_a_message(echo: str) -> None:
    message = "Specified signature is not matched with our calculation"
    with pytest.raises(CloudError) as caught:
        Cloud(
            (400, build_error("SignatureDoesNotMatch", message + echo))
        ).create_client().get_report("cp-1")
    assert caught.value.message == message


def test_key_secret_and_token_are_removed_from_a_message() -> None:
    message = (
        f"Specified access key {KEY_ID} with {SECRET} and a-token or LTAIsomeoneElse is not found."
    )
    with pytest.raises(CloudError) as caught:
        Cloud((404, build_error("InvalidAccessKeyId.NotFound", message))).create_client(
            security_token="a-token"
        ).get_report("cp-1")
    assert caught.value.message == "Specified access key *** with *** and *** or *** is not found."


def test_an_address_in_a_message_loses_its_query() -> None:
    error = CloudError(
        "X",
        "see https://a.aliyuncs.com/file.xls?Signature=s3cr3t&Expires=1 "
        "or https://help.aliyun.com/",
    )
    assert error.message == "see https://a.aliyuncs.com/file.xls or https://help.aliyun.com/"


def test_a_message_is_one_line_of_at_most_300_characters() -> None:
    error = CloudError("X", "one\r\ntwo\x1b[31m\t" + "三" * 1000)
    assert error.message.startswith("one two [31m 三")
    assert len(error.message) == 300


def test_an_error_can_be_pickled() -> None:
    pickled = pickle.dumps(CloudError("Throttling", "Slow.", status=429, request_id="REQ-1"))
    error = pickle.loads(pickled)  # noqa: S301  # our own bytes
    assert (error.code, error.message, error.status, error.request_id) == (
        "Throttling",
        "Slow.",
        429,
        "REQ-1",
    )


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("MissingCompliancePackId", "defect"),
        ("MissingPageSize", "defect"),
        ("InvalidPageSize", "defect"),
        ("InvalidParameter.PageSize", "defect"),
        ("Invalid.ClientToken.Value", "defect"),
        ("InvalidAction.NotFound", "defect"),
        ("Invalid.CompliancePackId.Value", "gone_pack"),
        ("MissingSecurityToken", "token"),
        ("MissingAccessKeyId", "access_key"),
        ("InvalidAccessKeyId.NotFound", "access_key"),
        ("InvalidTimestamp.Expired", "clock"),
        ("Missing", "other"),
        ("Invalidated", "other"),
    ],
)
def test_a_missing_or_invalid_parameter_is_told_from_other_codes(code: str, advice: str) -> None:
    assert CloudError(code).advice == advice


@pytest.mark.parametrize("secret", ["id", "Report", "e", "CompliancePack"])
def test_a_secret_is_masked_in_the_message_and_never_in_the_code(secret: str) -> None:
    error = CloudError(
        "CompliancePackReportCreating",
        f"the key {secret} is making one",
        request_id="REQ-Report-id",
        hide=[secret],
    )
    assert error.code == "CompliancePackReportCreating"
    assert error.request_id == "REQ-Report-id"
    assert secret not in error.message
    assert error.advice == "wait"


def test_a_very_long_message_is_cleaned_at_once() -> None:
    started_at = time.monotonic()
    for text in (" " * 60_000, "http://" * 9_000, "a " * 30_000):
        assert len(CloudError("Code", text).message) <= 300
    assert time.monotonic() - started_at < 2


@pytest.mark.parametrize("content", [b"null", b"[]", b'"no"', b"1e999", b"", b'{"Code": true}'])
def test_a_refusal_without_an_object_is_explained_by_its_status(content: bytes) -> None:
    for status, code, problem in ((400, "BadAnswer", "http_status"), (429, "Throttling", "")):
        with pytest.raises(CloudError) as caught:
            Cloud((status, content)).create_client(attempts=1).get_report("cp-1")
        assert (caught.value.code, caught.value.problem) == (code, problem)


@pytest.mark.parametrize("code", [True, {}, ["Throttling"], "\ud800", "\0"])
def test_a_code_that_is_none_is_named_as_the_wrong_field(code: object) -> None:
    with pytest.raises(CloudError) as caught:
        Cloud((200, {"Code": code})).create_client(attempts=1).get_report("cp-1")
    assert (caught.value.code, caught.value.problem, caught.value.detail) == (
        "BadAnswer", "wrong_field", "Code",
    )  # fmt: skip


@pytest.mark.parametrize("code", [None, ""])
def test_an_answer_with_an_empty_code_is_no_error(code: str | None) -> None:
    report = {"ReportStatus": "NONE"}
    cloud = Cloud((200, {"Code": code, "CompliancePackReport": report}))
    assert cloud.create_client().get_report("cp-1").status == "NONE"
