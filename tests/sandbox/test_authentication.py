"""The sandbox checks key, signature, time, nonce and token as the cloud does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.cloud import signing
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import FORM_TYPE, HOST, VERSION, Caller, Clock, get_error_code

LIST = "ListCompliancePacks"
PACK = "cp-6f0d62a3b1c94e75a208"


@pytest.fixture
def temporary_caller(sandbox: Sandbox) -> Caller:
    """The first account, with its temporary (STS) key."""
    return Caller(sandbox, sandbox.accounts[0].temporary_credential)


def test_a_correct_v3_signature_is_accepted(caller: Caller) -> None:
    assert caller.call_v3(LIST).status_code == 200


def test_a_correct_v1_signature_is_accepted(caller: Caller) -> None:
    assert caller.call_v1(LIST).status_code == 200


def test_v1_accepts_its_common_parameters_in_the_body(caller: Caller) -> None:
    answer = caller.call_v1(
        "GenerateCompliancePackReport",
        "POST",
        all_in_body=True,
        form={"CompliancePackId": PACK},
        Format="JSON",
    )
    assert answer.json()["CompliancePackId"] == PACK


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_a_wrong_secret_is_refused_with_the_string_to_sign_in_the_message(
    caller: Caller, version: str
) -> None:
    caller.credential = replace(caller.credential, secret="wrong")
    answer = caller.call_v3(LIST) if version == "v3" else caller.call_v1(LIST, Format="JSON")
    assert (answer.status_code, get_error_code(answer)) == (400, "SignatureDoesNotMatch")
    assert caller.credential.id in answer.json()["Message"]


def test_an_unknown_key_is_not_found(caller: Caller) -> None:
    caller.credential = replace(caller.credential, id="LTAI-unknown")
    answer = caller.call_v3(LIST)
    assert (answer.status_code, get_error_code(answer)) == (404, "InvalidAccessKeyId.NotFound")


def test_a_disabled_key_is_inactive(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.authenticator.credentials[caller.credential.id] = replace(
        caller.credential, active=False
    )
    assert get_error_code(caller.call_v3(LIST)) == "InvalidAccessKeyId.Inactive"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_more_than_fifteen_minutes_off_is_refused(caller: Caller, minutes: int) -> None:
    time = datetime.now(UTC) + timedelta(minutes=minutes)
    assert get_error_code(caller.call_v3(LIST, now=time)) == "InvalidTimeStamp.Expired"
    assert (
        get_error_code(caller.call_v1(LIST, Timestamp=f"{time:%Y-%m-%dT%H:%M:%SZ}", Format="JSON"))
        == "InvalidTimeStamp.Expired"
    )


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_less_than_fifteen_minutes_off_is_accepted(caller: Caller, minutes: int) -> None:
    assert (
        caller.call_v3(LIST, now=datetime.now(UTC) + timedelta(minutes=minutes)).status_code == 200
    )


def test_a_text_that_is_no_time_is_refused(caller: Caller) -> None:
    assert (
        get_error_code(caller.call_v1(LIST, Timestamp="yesterday", Format="JSON"))
        == "IllegalTimestamp"
    )


def test_a_nonce_can_be_used_once(caller: Caller) -> None:
    assert caller.call_v3(LIST, nonce="once").status_code == 200
    assert get_error_code(caller.call_v3(LIST, nonce="once")) == "SignatureNonceUsed"


def test_a_nonce_of_v1_can_be_used_once(caller: Caller) -> None:
    assert caller.call_v1(LIST, SignatureNonce="once").status_code == 200
    assert (
        get_error_code(caller.call_v1(LIST, SignatureNonce="once", Format="JSON"))
        == "SignatureNonceUsed"
    )


def test_a_refused_request_does_not_use_its_nonce(caller: Caller) -> None:
    caller.call_v3(
        LIST,
        nonce="once",
        changed_headers={"x-acs-version": VERSION, "x-acs-content-sha256": "0" * 64},
    )
    assert caller.call_v3(LIST, nonce="once").status_code == 200


@pytest.mark.parametrize(
    "changed_headers",
    [
        {"x-acs-action": "GetCompliancePack"},
        {"x-acs-signature-nonce": "other"},
        {"host": "elsewhere.example"},
    ],
)
def test_a_signed_header_cannot_be_changed(caller: Caller, changed_headers: dict[str, str]) -> None:
    assert (
        get_error_code(caller.call_v3(LIST, changed_headers=changed_headers))
        == "SignatureDoesNotMatch"
    )


def test_a_body_cannot_be_changed(caller: Caller) -> None:
    request = caller.call_v3(
        "GenerateCompliancePackReport", "POST", form={"CompliancePackId": PACK}
    ).request
    headers = dict(request.headers) | {"content-type": FORM_TYPE}
    answer = caller.client.request(
        "POST", "/", headers=headers, content=request.content.replace(b"a208", b"a209")
    )
    assert get_error_code(answer) == "SignatureDoesNotMatch"


def test_a_query_cannot_be_changed(caller: Caller) -> None:
    request = caller.call_v3(LIST, query={"PageSize": "1"}).request
    answer = caller.client.get("/", params={"PageSize": "2"}, headers=dict(request.headers))
    assert get_error_code(answer) == "SignatureDoesNotMatch"


def test_a_plus_for_a_space_and_an_unencoded_star_are_decoded(caller: Caller) -> None:
    request = caller.call_v3(
        "GetCompliancePack", query={"CompliancePackId": "a b*"}, nonce="spaces"
    ).request
    caller.sandbox.authenticator._nonces.clear()
    answer = caller.client.get("/?CompliancePackId=a+b*", headers=dict(request.headers))
    assert get_error_code(answer) == "Invalid.CompliancePackId.Value"


def test_a_chunked_body_is_read_to_its_end(caller: Caller) -> None:
    request = caller.call_v3(
        "GenerateCompliancePackReport", "POST", form={"CompliancePackId": PACK}, nonce="chunks"
    ).request
    caller.sandbox.authenticator._nonces.clear()
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    answer = caller.client.post(
        "/", headers=headers, content=iter([request.content[:9], request.content[9:]])
    )
    assert "content-length" not in answer.request.headers
    assert (
        get_error_code(answer) == "CompliancePackReportCreating"
        or answer.json()["CompliancePackId"] == PACK
    )


@pytest.mark.parametrize(
    "extra_headers",
    [{}, {"accept": "application/json", "user-agent": "AlibabaCloud (Linux; x86_64)"}],
)
def test_more_or_fewer_headers_may_be_signed(caller: Caller, extra_headers: dict[str, str]) -> None:
    headers = (
        dict(caller.call_v3(LIST).request.headers)
        | {"x-acs-signature-nonce": f"nonce-{len(extra_headers)}"}
        | extra_headers
    )
    names = sorted(
        {"host", *extra_headers, *(name for name in headers if name.startswith("x-acs-"))}
    )
    signature = signing.compute_v3_signature(
        caller.credential.secret, "GET", "/", [], headers, names, headers["x-acs-content-sha256"]
    )
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={caller.credential.id},"
        f"SignedHeaders={';'.join(names)},Signature={signature}"
    )
    assert caller.client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "missing", ["x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "x-acs-version"]
)
def test_a_missing_header_is_named(caller: Caller, missing: str) -> None:
    headers = {
        name: value
        for name, value in caller.call_v3(LIST).request.headers.items()
        if name != missing
    }
    answer = caller.client.get("/", headers=headers)
    assert get_error_code(answer) == "MissingParameter"
    assert missing.removeprefix("x-acs-") in answer.json()["Message"].lower()


def test_an_unsigned_call_is_refused(caller: Caller) -> None:
    answer = caller.client.get("/", params={"Action": LIST, "Version": VERSION, "Format": "JSON"})
    assert get_error_code(answer) == "IncompleteSignature"


def test_a_signed_header_that_is_not_sent_makes_the_signature_incomplete(caller: Caller) -> None:
    headers = dict(caller.call_v3(LIST).request.headers)
    headers["authorization"] = headers["authorization"].replace("host;", "host;x-acs-absent;")
    assert get_error_code(caller.client.get("/", headers=headers)) == "IncompleteSignature"


def test_an_unsigned_protocol_header_makes_the_signature_incomplete(
    caller: Caller,
) -> None:
    headers = dict(caller.call_v3(LIST).request.headers) | {"x-acs-extra": "unsigned"}
    assert get_error_code(caller.client.get("/", headers=headers)) == "IncompleteSignature"


def test_a_temporary_key_works_with_its_token(temporary_caller: Caller) -> None:
    assert temporary_caller.call_v3(LIST).status_code == 200
    assert temporary_caller.call_v1(LIST).status_code == 200


def test_a_wrong_token_is_malformed(temporary_caller: Caller) -> None:
    temporary_caller.credential = replace(temporary_caller.credential, token="other")
    assert get_error_code(temporary_caller.call_v3(LIST)) == "InvalidSecurityToken.Malformed"


def test_a_temporary_key_expires(sandbox: Sandbox, temporary_caller: Caller, clock: Clock) -> None:
    sandbox.authenticator.credentials[temporary_caller.credential.id] = replace(
        temporary_caller.credential, expires_at=clock.now + 60
    )
    assert temporary_caller.call_v3(LIST).status_code == 200
    clock.now += 61
    assert get_error_code(temporary_caller.call_v3(LIST)) == "InvalidSecurityToken.Expired"


def test_an_error_names_its_request_and_host(caller: Caller) -> None:
    answer = caller.call_v3("NoSuchOperation")
    assert answer.status_code == 404
    assert set(answer.json()) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert (get_error_code(answer), answer.json()["HostId"]) == ("InvalidAction.NotFound", HOST)


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_an_empty_nonce_is_refused(caller: Caller, version: str) -> None:
    answer = (
        caller.call_v3(LIST, changed_headers={"x-acs-signature-nonce": ""})
        if version == "v3"
        else caller.call_v1(LIST, Format="JSON", SignatureNonce="")
    )
    assert (answer.status_code, get_error_code(answer)) == (400, "MissingParameter")


@pytest.mark.parametrize("digest", ["0" * 64, "", "UNSIGNED-PAYLOAD"])
def test_a_request_whose_body_has_another_hash_is_refused(caller: Caller, digest: str) -> None:
    answer = caller.call_v3(LIST, signed_body_sha256=digest)
    assert answer.status_code == 400
    assert get_error_code(answer) == ("SignatureDoesNotMatch" if digest else "MissingParameter")


@pytest.mark.parametrize("signature", ["A" * 64, "", "g" * 64, "ab,cd"])
def test_a_signature_in_other_characters_is_refused(caller: Caller, signature: str) -> None:
    authorization = (
        f"ACS3-HMAC-SHA256 Credential={caller.credential.id},SignedHeaders=host,"
        f"Signature={signature}"
    )
    answer = caller.call_v3(LIST, changed_headers={"authorization": authorization})
    assert (answer.status_code, get_error_code(answer)) == (400, "IncompleteSignature")
