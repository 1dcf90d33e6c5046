"""The client and the cloud's stand-in understand each other, faults included."""

import hashlib
import io
from collections.abc import Iterator

import httpx
import pytest

from dashboard.cloud import CloudError
from dashboard.cloud.client import Client
from dashboard.cloud.download import Downloaded, download
from dashboard.sandbox.accounts import PRODUCTION
from dashboard.sandbox.wsgi import Sandbox

PACK = "cp-2b8e47d09a6c4f13b5d7"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(large_rows=50)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with connect(sandbox) as client:
        yield client


def connect(
    sandbox: Sandbox, secret: str = PRODUCTION.access_key_secret, **options: float
) -> Client:
    transport = httpx.WSGITransport(app=sandbox)
    return Client(
        "https://127.0.0.1",
        PRODUCTION.access_key_id,
        secret,
        transport=transport,
        wait=0.0,
        **options,  # type: ignore[arg-type]
    )


def fetch(sandbox: Sandbox, client: Client, target: io.BytesIO) -> Downloaded:
    client.generate_report(PACK, "token-1")
    return download(
        client.report(PACK).url,
        target,
        allowed_hosts=["127.0.0.1"],
        max_bytes=10_000_000,
        timeout=60.0,
        transport=httpx.WSGITransport(app=sandbox),
    )


def test_every_pack_of_the_account_is_listed_and_read(client: Client) -> None:
    packs = client.list_packs()
    assert PACK in [pack.pack_id for pack in packs]
    for pack in packs:
        detail = client.pack(pack.pack_id)
        assert (detail.name, detail.account_id) == (pack.name, PRODUCTION.uid)
        assert detail.rules


def test_the_clouds_counts_are_read(client: Client) -> None:
    resources, rules = client.resource_compliance(PACK), client.rule_compliance(PACK)
    assert resources.total
    assert resources.non_compliant
    failing = [rule for rule in rules.rules if rule.status == "NON_COMPLIANT"]
    assert (len(rules.rules), len(failing)) == (rules.total, rules.non_compliant)


def test_a_report_is_made_and_fetched(sandbox: Sandbox, client: Client) -> None:
    target = io.BytesIO()
    downloaded = fetch(sandbox, client, target)
    assert target.getvalue()[:4] == b"\xd0\xcf\x11\xe0"
    assert downloaded.sha256 == hashlib.sha256(target.getvalue()).hexdigest()
    assert downloaded.file_name.startswith(f"{PRODUCTION.uid}-{PACK}-report-")


def test_a_second_wish_joins_and_a_repeated_one_makes_nothing_new() -> None:
    sandbox = Sandbox(large_rows=50, generation_seconds=60)
    with connect(sandbox) as client:
        assert not client.generate_report(PACK, "token-1").joined
        assert client.generate_report(PACK, "token-2").joined
        client.generate_report(PACK, "token-1")
        assert client.report(PACK).status == "CREATING"
    assert sandbox.generated[PACK] == 1


@pytest.mark.parametrize("fault", ["throttling", "unavailable", "internal-error", "reset"])
def test_a_fault_that_passes_is_survived(sandbox: Sandbox, client: Client, fault: str) -> None:
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
def test_a_fault_that_stays_is_told(
    sandbox: Sandbox, client: Client, fault: str, advice: str
) -> None:
    sandbox.faults.set(fault)
    with pytest.raises(CloudError) as caught:
        client.report(PACK)
    assert caught.value.advice_key == advice
    if advice == "permission":
        assert caught.value.detail == "config:GetCompliancePackReport"


def test_a_wrong_secret_is_refused_and_what_was_signed_is_not_shown(sandbox: Sandbox) -> None:
    with connect(sandbox, secret="another secret") as client, pytest.raises(CloudError) as caught:
        client.list_packs()
    assert caught.value.advice_key == "secret"
    assert caught.value.request_id
    assert "sign is" not in str(caught.value)
    assert PRODUCTION.access_key_id not in str(caught.value)


def test_a_pack_that_is_gone_is_told(client: Client) -> None:
    with pytest.raises(CloudError) as caught:
        client.generate_report("cp-gone", "token-1")
    assert caught.value.advice_key == "gone_pack"


def test_sts_credentials_are_accepted(sandbox: Sandbox) -> None:
    temporary = PRODUCTION.temporary_credential
    transport = httpx.WSGITransport(app=sandbox)
    options = {"security_token": temporary.token, "transport": transport}
    with Client("https://127.0.0.1", temporary.id, temporary.secret, **options) as client:  # type: ignore[arg-type]
        assert client.list_packs()


@pytest.mark.parametrize(
    ("fault", "code"), [("expired-link", "LinkExpired"), ("cut-off", "CutOff"), ("reset", "CutOff")]
)
def test_a_download_that_fails_says_how(
    sandbox: Sandbox, client: Client, fault: str, code: str
) -> None:
    sandbox.faults.set(fault, on="Download" if fault == "reset" else None)
    with pytest.raises(CloudError) as caught:
        fetch(sandbox, client, io.BytesIO())
    assert caught.value.code == code
    assert "Signature" not in str(caught.value)


def test_an_error_page_is_passed_on_to_the_reader(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.set("html-page")
    target = io.BytesIO()
    fetch(sandbox, client, target)
    assert target.getvalue().startswith(b"<!DOCTYPE html>")
