"""The gate: what the sandbox demands of a signature, as the cloud does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard import signing
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import FORM, HOST, VERSION, Caller, Clock, code

LIST = "ListCompliancePacks"
PACK = "cp-6f0d62a3b1c94e75a208"


@pytest.fixture
def temporary(sandbox: Sandbox) -> Caller:
    """The first account, with a temporary key of STS."""
    return Caller(sandbox, sandbox.accounts[0].temporary_credential)


def test_a_right_signature_of_v3_is_admitted(caller: Caller) -> None:
    assert caller.v3(LIST).status_code == 200


def test_a_right_signature_of_v1_is_admitted(caller: Caller) -> None:
    assert caller.v1(LIST).status_code == 200


def test_v1_takes_its_common_parameters_in_the_body_too(caller: Caller) -> None:
    answer = caller.v1(
        "GenerateCompliancePackReport",
        "POST",
        everything_in_body=True,
        form={"CompliancePackId": PACK},
        Format="JSON",
    )
    assert answer.json()["CompliancePackId"] == PACK


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_a_wrong_secret_is_refused_with_the_string_to_sign_echoed(
    caller: Caller, version: str
) -> None:
    caller.credential = replace(caller.credential, secret="wrong")
    answer = caller.v3(LIST) if version == "v3" else caller.v1(LIST, Format="JSON")
    assert (answer.status_code, code(answer)) == (400, "SignatureDoesNotMatch")
    assert caller.credential.id in answer.json()["Message"]


def test_an_unknown_key_is_not_found(caller: Caller) -> None:
    caller.credential = replace(caller.credential, id="LTAI-unknown")
    answer = caller.v3(LIST)
    assert (answer.status_code, code(answer)) == (404, "InvalidAccessKeyId.NotFound")


def test_a_disabled_key_is_inactive(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.gate.credentials[caller.credential.id] = replace(caller.credential, active=False)
    assert code(caller.v3(LIST)) == "InvalidAccessKeyId.Inactive"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_more_than_fifteen_minutes_off_is_refused(caller: Caller, minutes: int) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    assert code(caller.v3(LIST, now=moment)) == "InvalidTimeStamp.Expired"
    assert (
        code(caller.v1(LIST, Timestamp=f"{moment:%Y-%m-%dT%H:%M:%SZ}", Format="JSON"))
        == "InvalidTimeStamp.Expired"
    )


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_less_than_fifteen_minutes_off_is_admitted(caller: Caller, minutes: int) -> None:
    assert caller.v3(LIST, now=datetime.now(UTC) + timedelta(minutes=minutes)).status_code == 200


def test_a_time_that_is_none_is_refused(caller: Caller) -> None:
    assert code(caller.v1(LIST, Timestamp="yesterday", Format="JSON")) == "IllegalTimestamp"


def test_a_nonce_serves_once(caller: Caller) -> None:
    assert caller.v3(LIST, nonce="once").status_code == 200
    assert code(caller.v3(LIST, nonce="once")) == "SignatureNonceUsed"


def test_a_nonce_of_v1_serves_once(caller: Caller) -> None:
    assert caller.v1(LIST, SignatureNonce="once").status_code == 200
    assert code(caller.v1(LIST, SignatureNonce="once", Format="JSON")) == "SignatureNonceUsed"


def test_a_refused_request_spends_no_nonce(caller: Caller) -> None:
    caller.v3(
        LIST, nonce="once", changed={"x-acs-version": VERSION, "x-acs-content-sha256": "0" * 64}
    )
    assert caller.v3(LIST, nonce="once").status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"x-acs-action": "GetCompliancePack"},
        {"x-acs-signature-nonce": "other"},
        {"host": "elsewhere.example"},
    ],
)
def test_a_signed_header_cannot_be_changed(caller: Caller, changed: dict[str, str]) -> None:
    assert code(caller.v3(LIST, changed=changed)) == "SignatureDoesNotMatch"


def test_a_body_cannot_be_changed(caller: Caller) -> None:
    signed = caller.v3(
        "GenerateCompliancePackReport", "POST", form={"CompliancePackId": PACK}
    ).request
    headers = dict(signed.headers) | {"content-type": FORM}
    answer = caller.client.request(
        "POST", "/", headers=headers, content=signed.content.replace(b"a208", b"a209")
    )
    assert code(answer) == "SignatureDoesNotMatch"


def test_a_query_cannot_be_changed(caller: Caller) -> None:
    signed = caller.v3(LIST, query={"PageSize": "1"}).request
    answer = caller.client.get("/", params={"PageSize": "2"}, headers=dict(signed.headers))
    assert code(answer) == "SignatureDoesNotMatch"


def test_a_plus_for_a_space_and_a_raw_star_are_understood(caller: Caller) -> None:
    signed = caller.v3(
        "GetCompliancePack", query={"CompliancePackId": "a b*"}, nonce="spaces"
    ).request
    caller.sandbox.gate._nonces.clear()
    answer = caller.client.get("/?CompliancePackId=a+b*", headers=dict(signed.headers))
    assert code(answer) == "Invalid.CompliancePackId.Value"


def test_a_chunked_body_is_read_to_its_end(caller: Caller) -> None:
    signed = caller.v3(
        "GenerateCompliancePackReport", "POST", form={"CompliancePackId": PACK}, nonce="chunks"
    ).request
    caller.sandbox.gate._nonces.clear()
    headers = {name: value for name, value in signed.headers.items() if name != "content-length"}
    answer = caller.client.post(
        "/", headers=headers, content=iter([signed.content[:9], signed.content[9:]])
    )
    assert "content-length" not in answer.request.headers
    assert (
        code(answer) == "CompliancePackReportCreating" or answer.json()["CompliancePackId"] == PACK
    )


@pytest.mark.parametrize(
    "extra", [{}, {"accept": "application/json", "user-agent": "AlibabaCloud (Linux; x86_64)"}]
)
def test_any_list_of_signed_headers_will_do(caller: Caller, extra: dict[str, str]) -> None:
    sent = (
        dict(caller.v3(LIST).request.headers)
        | {"x-acs-signature-nonce": f"nonce-{len(extra)}"}
        | extra
    )
    names = sorted({"host", *extra, *(name for name in sent if name.startswith("x-acs-"))})
    signature = signing.v3_signature(
        caller.credential.secret, "GET", "/", [], sent, names, sent["x-acs-content-sha256"]
    )
    sent["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={caller.credential.id},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    assert caller.client.get("/", headers=sent).status_code == 200


@pytest.mark.parametrize(
    "missing", ["x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "x-acs-version"]
)
def test_a_missing_header_is_named(caller: Caller, missing: str) -> None:
    headers = {
        name: value for name, value in caller.v3(LIST).request.headers.items() if name != missing
    }
    answer = caller.client.get("/", headers=headers)
    assert code(answer) == "MissingParameter"
    assert missing.removeprefix("x-acs-") in answer.json()["Message"].lower()


def test_an_unsigned_call_is_incomplete(caller: Caller) -> None:
    answer = caller.client.get("/", params={"Action": LIST, "Version": VERSION, "Format": "JSON"})
    assert code(answer) == "IncompleteSignature"


def test_a_signed_header_that_is_not_sent_makes_the_signature_incomplete(caller: Caller) -> None:
    headers = dict(caller.v3(LIST).request.headers)
    headers["authorization"] = headers["authorization"].replace("host;", "host;x-acs-absent;")
    assert code(caller.client.get("/", headers=headers)) == "IncompleteSignature"


def test_a_header_of_the_protocol_that_is_not_signed_makes_the_signature_incomplete(
    caller: Caller,
) -> None:
    headers = dict(caller.v3(LIST).request.headers) | {"x-acs-extra": "unsigned"}
    assert code(caller.client.get("/", headers=headers)) == "IncompleteSignature"


def test_a_temporary_key_works_with_its_token(temporary: Caller) -> None:
    assert temporary.v3(LIST).status_code == 200
    assert temporary.v1(LIST).status_code == 200


def test_a_wrong_token_is_malformed(temporary: Caller) -> None:
    temporary.credential = replace(temporary.credential, token="other")
    assert code(temporary.v3(LIST)) == "InvalidSecurityToken.Malformed"


def test_a_temporary_key_expires(sandbox: Sandbox, temporary: Caller, clock: Clock) -> None:
    sandbox.gate.credentials[temporary.credential.id] = replace(
        temporary.credential, expires_at=clock.now + 60
    )
    assert temporary.v3(LIST).status_code == 200
    clock.now += 61
    assert code(temporary.v3(LIST)) == "InvalidSecurityToken.Expired"


def test_an_error_names_its_request_and_host(caller: Caller) -> None:
    answer = caller.v3("NoSuchOperation")
    assert answer.status_code == 404
    assert set(answer.json()) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert (code(answer), answer.json()["HostId"]) == ("InvalidAction.NotFound", HOST)
