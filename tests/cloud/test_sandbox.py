"""The client works against the sandbox, with and without faults."""

import hashlib
import io
from collections.abc import Iterator

import httpx
import pytest

from dashboard.cloud import CloudError
from dashboard.cloud.client import Client, IdentityClient
from dashboard.cloud.download import DownloadedFile, download_file
from dashboard.sandbox.accounts import PRODUCTION
from dashboard.sandbox.wsgi import Sandbox

PACK = "cp-2b8e47d09a6c4f13b5d7"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(large_rows=50)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with create_client(sandbox) as client:
        yield client


def create_client(sandbox: Sandbox, secret: str = PRODUCTION.access_key_secret) -> Client:
    return Client(
        "https://127.0.0.1",
        PRODUCTION.access_key_id,
        secret,
        transport=httpx.WSGITransport(app=sandbox),
        initial_wait=0.0,
    )


def generate_and_download(sandbox: Sandbox, client: Client, target: io.BytesIO) -> DownloadedFile:
    client.generate_report(PACK, "token-1")
    return download_file(
        client.get_report(PACK).url,
        target,
        allowed_hosts=["127.0.0.1"],
        max_bytes=10_000_000,
        timeout=60.0,
        transport=httpx.WSGITransport(app=sandbox),
    )


def test_every_pack_of_the_account_is_listed_and_can_be_read(client: Client) -> None:
    packs = client.list_packs()
    assert PACK in [pack.pack_id for pack in packs]
    for pack in packs:
        detail = client.get_pack(pack.pack_id)
        assert (detail.name, detail.account_id) == (pack.name, PRODUCTION.uid)
        assert detail.rules


def test_the_counts_of_rules_and_resources_are_read(client: Client) -> None:
    resources, rules = client.get_resource_compliance(PACK), client.get_rule_compliance(PACK)
    assert resources.total
    assert resources.non_compliant
    failing = [rule for rule in rules.rules if rule.status == "NON_COMPLIANT"]
    assert (len(rules.rules), len(failing)) == (rules.total, rules.non_compliant)


def test_a_report_is_generated_and_downloaded(sandbox: Sandbox, client: Client) -> None:
    target = io.BytesIO()
    downloaded = generate_and_download(sandbox, client, target)
    assert target.getvalue()[:4] == b"\xd0\xcf\x11\xe0"
    assert downloaded.sha256 == hashlib.sha256(target.getvalue()).hexdigest()
    assert downloaded.file_name.startswith(f"{PRODUCTION.uid}-{PACK}-report-")


def test_a_second_request_joins_and_a_repeated_one_generates_nothing_new() -> None:
    sandbox = Sandbox(large_rows=50, generation_seconds=60)
    with create_client(sandbox) as client:
        assert not client.generate_report(PACK, "token-1").joined
        assert client.generate_report(PACK, "token-2").joined
        client.generate_report(PACK, "token-1")
        assert client.get_report(PACK).status == "CREATING"
    assert sandbox.generated[PACK] == 1


@pytest.mark.parametrize("fault", ["throttling", "unavailable", "internal-error", "reset"])
def test_a_temporary_fault_is_overcome_by_retrying(
    sandbox: Sandbox, client: Client, fault: str
) -> None:
    sandbox.faults.set(fault, times=2)
    client.generate_report(PACK, "token-1")
    assert sandbox.generated[PACK] == 1


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("throttling", "slow_down"),
        ("unavailable", "retry_later"),
        ("forbidden", "permission"),
        ("no-permission", "permission"),
        ("not-activated", "wrong_account"),
        ("reset", "cut_off"),
    ],
)
def test_a_lasting_fault_is_raised_with_its_advice(
    sandbox: Sandbox, client: Client, fault: str, advice: str
) -> None:
    sandbox.faults.set(fault)
    with pytest.raises(CloudError) as caught:
        client.get_report(PACK)
    assert caught.value.advice == advice
    if advice == "permission":
        assert caught.value.detail == "config:GetCompliancePackReport"


def test_the_error_for_a_wrong_secret_does_not_show_what_was_signed(sandbox: Sandbox) -> None:
    with (
        create_client(sandbox, secret="another secret") as client,
        pytest.raises(CloudError) as caught,
    ):
        client.list_packs()
    assert caught.value.advice == "secret"
    assert caught.value.request_id
    assert "sign is" not in str(caught.value)
    assert PRODUCTION.access_key_id not in str(caught.value)


def test_a_deleted_pack_has_its_own_advice(client: Client) -> None:
    with pytest.raises(CloudError) as caught:
        client.generate_report("cp-gone", "token-1")
    assert caught.value.advice == "gone_pack"


def test_sts_credentials_are_accepted(sandbox: Sandbox) -> None:
    temporary = PRODUCTION.temporary_credential
    transport = httpx.WSGITransport(app=sandbox)
    options = {"security_token": temporary.token, "transport": transport}
    with Client(
        "https://127.0.0.1",
        temporary.id,
        temporary.secret,
        **options,  # type: ignore[arg-type]
    ) as client:
        assert client.list_packs()


@pytest.mark.parametrize(
    ("fault", "code"), [("expired-link", "LinkExpired"), ("cut-off", "CutOff"), ("reset", "CutOff")]
)
def test_a_failed_download_has_the_code_of_its_fault(
    sandbox: Sandbox, client: Client, fault: str, code: str
) -> None:
    sandbox.faults.set(fault, on="Download" if fault == "reset" else None)
    with pytest.raises(CloudError) as caught:
        generate_and_download(sandbox, client, io.BytesIO())
    assert caught.value.code == code
    assert "Signature" not in str(caught.value)


def test_an_error_page_is_written_for_the_reader_to_judge(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.set("html-page")
    target = io.BytesIO()
    generate_and_download(sandbox, client, target)
    assert target.getvalue().startswith(b"<!DOCTYPE html>")


def test_the_identity_service_names_the_account_of_the_key(sandbox: Sandbox) -> None:
    client = IdentityClient(
        "https://127.0.0.1",
        PRODUCTION.access_key_id,
        PRODUCTION.access_key_secret,
        transport=httpx.WSGITransport(app=sandbox),
    )
    with client:
        identity = client.get_caller_identity()
    assert identity.account_id == PRODUCTION.uid
    assert identity.arn.startswith(f"acs:ram::{PRODUCTION.uid}:")
    assert identity.request_id


def test_the_identity_service_has_a_version_of_its_own(client: Client) -> None:
    with pytest.raises(CloudError) as caught:
        client._call("POST", "GetCallerIdentity", dict)
    assert caught.value.code == "InvalidVersion"
