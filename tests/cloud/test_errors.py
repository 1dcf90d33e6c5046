"""Every error of the cloud gets its advice, and none shows what must stay hidden."""

import pickle

import pytest

from dashboard.cloud import Advice, CloudError
from tests.cloud import KEY_ID, SECRET, Cloud, error


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
        Cloud((status, error(code, "What happened."))).client(attempts=1).report("cp-1")
    seen = caught.value
    assert (seen.status, seen.code, seen.message, seen.request_id) == (
        status,
        code,
        "What happened.",
        "REQ-1",
    )
    assert seen.advice_key is advice


def test_a_code_decides_even_under_status_200() -> None:
    with pytest.raises(CloudError, match="Throttling"):
        Cloud((200, error("Throttling"))).client(attempts=1).report("cp-1")


def test_a_missing_permission_is_named_by_the_cloud() -> None:
    denied = error(
        "NoPermission",
        AccessDeniedDetail={"AuthAction": "config:GetSomething", "NoPermissionType": "x"},
    )
    with pytest.raises(CloudError) as caught:
        Cloud((403, denied)).client().report("cp-1")
    assert caught.value.detail == "config:GetSomething"


def test_a_missing_permission_that_the_cloud_does_not_name_is_the_operation() -> None:
    with pytest.raises(CloudError) as caught:
        Cloud((403, error("Forbidden.RAM"))).client().report("cp-1")
    assert caught.value.detail == "config:GetCompliancePackReport"


@pytest.mark.parametrize(
    "echo",
    [
        f". server string to sign is:GET&%2F&AccessKeyId%3D{KEY_ID}",
        f". StringToSign: POST\n{KEY_ID}",
        ", server canonicalRequest is GET\n/\nhost:x",
    ],
)
def test_the_string_to_sign_is_cut(echo: str) -> None:
    message = "Specified signature is not matched with our calculation"
    with pytest.raises(CloudError) as caught:
        Cloud((400, error("SignatureDoesNotMatch", message + echo))).client().report("cp-1")
    assert caught.value.message == message


def test_key_secret_and_token_never_stand_in_a_message() -> None:
    message = (
        f"Specified access key {KEY_ID} with {SECRET} and a-token or LTAIsomeoneElse is not found."
    )
    with pytest.raises(CloudError) as caught:
        Cloud((404, error("InvalidAccessKeyId.NotFound", message))).client(
            security_token="a-token"
        ).report("cp-1")
    assert caught.value.message == "Specified access key *** with *** and *** or *** is not found."


def test_an_address_in_a_message_loses_its_query() -> None:
    seen = CloudError(
        "X",
        "see https://a.aliyuncs.com/file.xls?Signature=s3cr3t&Expires=1 or https://help.aliyun.com/",
    )
    assert seen.message == "see https://a.aliyuncs.com/file.xls or https://help.aliyun.com/"


def test_a_message_is_one_line_of_at_most_300_characters() -> None:
    seen = CloudError("X", "one\r\ntwo\x1b[31m\t" + "三" * 1000)
    assert seen.message.startswith("one two [31m 三")
    assert len(seen.message) == 300


def test_an_error_survives_a_queue() -> None:
    seen = pickle.loads(
        pickle.dumps(CloudError("Throttling", "Slow.", status=429, request_id="REQ-1"))
    )  # noqa: S301  # our own bytes
    assert (seen.code, seen.message, seen.status, seen.request_id) == (
        "Throttling",
        "Slow.",
        429,
        "REQ-1",
    )
