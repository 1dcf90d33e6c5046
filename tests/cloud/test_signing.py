"""The signatures are those that Alibaba Cloud has published."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard.cloud import signing

QUERY = [
    ("RegionId", "cn-shanghai"),
    ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
]


def build_example_headers(
    now: datetime, nonce: str, security_token: str | None = None
) -> dict[str, str]:
    return signing.build_v3_headers(
        access_key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        method="POST",
        host="ecs.cn-shanghai.aliyuncs.com",
        query=QUERY,
        body=b"",
        action="RunInstances",
        version="2014-05-26",
        now=now,
        nonce=nonce,
        security_token=security_token,
    )


@pytest.mark.parametrize(
    ("now", "nonce", "signature"),
    [
        (
            datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
            "3156853299f313e23d1673dc12e1703d",
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
        ),
        (
            datetime(2023, 10, 26, 9, 1, 1, tzinfo=UTC),
            "d410180a5abf7fe235dd9b74aca91fc0",
            "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804",
        ),
    ],
)
def test_v3_gives_the_published_signatures(now: datetime, nonce: str, signature: str) -> None:
    assert build_example_headers(now, nonce)["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        f"Signature={signature}"
    )


def test_v1_gives_the_published_signature() -> None:
    parameters = {
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "Format": "XML",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "SignatureVersion": "1.0",
        "Timestamp": "2016-02-23T12:46:24Z",
        "Version": "2014-05-26",
    }
    signature = "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    assert signing.compute_v1_signature("testsecret", "GET", parameters) == signature
    assert (
        signing.compute_v1_signature("testsecret", "GET", parameters | {"Signature": "ignored"})
        == signature
    )


def test_all_but_the_unreserved_characters_are_encoded() -> None:
    assert signing.percent_encode("Az09-_.~ *+/包") == "Az09-_.~%20%2A%2B%2F%E5%8C%85"


def test_the_date_is_sent_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    headers = build_example_headers(datetime(2023, 10, 26, 18, 22, 32, tzinfo=shanghai), "nonce")
    assert headers["x-acs-date"] == "2023-10-26T10:22:32Z"


def test_a_security_token_is_signed() -> None:
    now = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC)
    first, second = (
        build_example_headers(now, "nonce", "token-1"),
        build_example_headers(now, "nonce", "token-2"),
    )
    assert ";x-acs-security-token;" in first["authorization"]
    assert first["authorization"] != second["authorization"]


def test_the_order_of_parameters_and_of_signed_headers_does_not_matter() -> None:
    headers = {"host": " config.example ", "accept": "*/*", "user-agent": "an agent"}
    empty = hashlib.sha256(b"").hexdigest()
    signature = signing.compute_v3_signature(
        "secret", "GET", "/", QUERY, headers, ["host", "accept"], empty
    )
    reordered_signature = signing.compute_v3_signature(
        "secret", "get", "/", QUERY[::-1], headers, ["accept", "host"], empty
    )
    assert signature == reordered_signature
