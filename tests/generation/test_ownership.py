"""Account of the AccessKey, of the answer and of the file are one, or nothing is entered."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from dashboard import cloud
from dashboard.archive import originals
from dashboard.cloud.client import choose_identity_endpoint
from dashboard.generation import discovery, lifecycle, ownership, requests
from dashboard.generation.connection_check import check_connection
from dashboard.models import Account, Evaluation, Pack, Report
from dashboard.sandbox.faults import FOREIGN_PACK_ID, FOREIGN_UID
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd

State = Report.State
IDENTITY = "GetCallerIdentity"


def count_identity_calls(sandbox: Sandbox) -> int:
    return sum(call.operation == IDENTITY for call in sandbox.call_log)


def give_key_of_other_account(account: Account, sandbox: Sandbox) -> str:
    """Store another account's AccessKey with the account; return the owner's id."""
    other = sandbox.accounts[1]
    account.access_key_id, account.secret = other.access_key_id, other.access_key_secret
    account.save()
    return other.uid


def test_the_test_of_an_account_names_the_owner_of_its_key(cloud_account: Account) -> None:
    result = check_connection(cloud_account)
    assert (result.key_owner_uid, result.packs) == (cloud_account.uid, 4)
    cloud_account.refresh_from_db()
    assert cloud_account.is_verified
    assert cloud_account.verified_at


def test_the_key_of_another_account_is_refused_with_both_ids(
    cloud_account: Account, sandbox: Sandbox
) -> None:
    other_uid = give_key_of_other_account(cloud_account, sandbox)
    error = check_connection(cloud_account).error
    assert error
    assert error.code == "ForeignAccessKey"
    assert (error.expected_id, error.actual_id) == (cloud_account.uid, other_uid)
    assert not cloud_account.is_verified
    with pytest.raises(cloud.CloudError):
        discovery.refresh_packs(cloud_account)


def test_no_report_is_generated_with_the_key_of_another_account(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    other_uid = give_key_of_other_account(cloud_pack.account, sandbox)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert (report.state, report.error_code) == (State.FAILED, "ForeignAccessKey")
    assert report.error_facts["actual_id"] == other_uid
    assert sum(sandbox.generated.values()) == 0


@pytest.mark.parametrize(
    ("fault", "code", "actual_id"),
    [
        ("foreign-account", "ForeignAccount", FOREIGN_UID),
        ("foreign-pack", "ForeignPack", FOREIGN_PACK_ID),
        ("foreign-rows", "ForeignFile", FOREIGN_UID),
    ],
)
def test_an_answer_or_a_file_of_another_account_or_pack_is_not_entered(
    cloud_pack: Pack,
    sandbox: Sandbox,
    run_to_end: RunToEnd,
    fault: str,
    code: str,
    actual_id: str,
) -> None:
    sandbox.faults.set(fault)
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert (report.state, report.error_code) == (State.FAILED, code)
    assert report.error_facts["actual_id"] == actual_id
    assert not Evaluation.objects.exists()
    if code == "ForeignFile":
        assert originals.find_damage(report.require_original()) is None


def test_a_file_whose_name_is_of_another_pack_is_not_entered(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    report = requests.request_report(cloud_pack, None)
    while report.state != State.READING:
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
        report.refresh_from_db()
    name = report.file_name.replace(cloud_pack.pack_id, "cp-other")
    Report.objects.filter(pk=report.pk).update(file_name=name)
    report = run_to_end(report)
    assert (report.error_code, report.error_facts["actual_id"]) == ("ForeignFile", "cp-other")


def test_without_the_identity_service_the_account_is_not_verified_and_reports_go_on(
    cloud_account: Account, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    Account.objects.update(caller_account_uid="", caller_access_key_id="", verified_at=None)
    sandbox.faults.set("unavailable", on=IDENTITY)
    account = Account.objects.get()
    result = check_connection(account)
    assert (result.key_owner_uid, result.packs, result.error) == ("", 4, None)
    assert not account.is_verified
    report = run_to_end(requests.request_report(account.packs.all()[0], None))
    assert report.state == State.READY
    assert report.provenance["key_account"] == ""
    assert report.provenance["answer_account"] == account.uid


def test_the_identity_service_is_asked_once_an_hour_and_for_a_new_key(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    assert count_identity_calls(sandbox) == 1  # when the packs were refreshed
    run_to_end(requests.request_report(cloud_pack, None))
    assert count_identity_calls(sandbox) == 1
    account = Account.objects.get()
    account.caller_asked_at = timezone.now() - dt.timedelta(minutes=61)
    ownership.require_own_key(account)
    assert count_identity_calls(sandbox) == 2
    account.access_key_id = sandbox.accounts[0].temporary_credential.id
    ownership.require_own_key(account)  # the new key is refused, so nothing is known of it
    assert count_identity_calls(sandbox) == 3
    assert account.key_owner_uid == ""
    assert account.verified_at is None


@pytest.mark.parametrize(
    ("endpoint", "site", "expected"),
    [
        ("", "china", "sts.aliyuncs.com"),
        ("", "international", "sts.ap-southeast-1.aliyuncs.com"),
        ("config.cn-shanghai.aliyuncs.com", "china", "sts.aliyuncs.com"),
        ("config-vpc.cn-beijing.aliyuncs.com", "china", "sts-vpc.cn-beijing.aliyuncs.com"),
        ("Config.cn-shanghai.aliyuncs.com:443", "china", "sts.aliyuncs.com"),
        ("config-vpc.cn-beijing.aliyuncs.com:443", "china", "sts-vpc.cn-beijing.aliyuncs.com"),
        ("http://127.0.0.1:9000", "china", "http://127.0.0.1:9000"),
    ],
)
def test_the_identity_service_goes_with_the_endpoint_of_the_account(
    endpoint: str, site: str, expected: str
) -> None:
    assert choose_identity_endpoint(endpoint, site) == expected


def test_a_report_keeps_request_ids_and_what_came_with_its_file_but_no_signature(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    origin = report.provenance
    assert report.created_at
    assert origin["created_ms"] == round(report.created_at.timestamp() * 1000)
    assert origin["generate_request_id"] != origin["get_request_id"]
    assert (origin["key_account"], origin["answer_account"]) == (cloud_pack.account.uid,) * 2
    assert origin["answer_pack"] == cloud_pack.pack_id
    assert origin["host"] == "sandbox"
    assert origin["path"].endswith(report.file_name)
    assert origin["length"] == str(report.require_original().size)
    assert all(origin[name] for name in ("etag", "content_md5", "last_modified"))
    assert "Signature" not in str(origin)
    assert "?" not in origin["path"]


def test_the_evidence_page_shows_what_the_report_came_with(
    cloud_pack: Pack, run_to_end: RunToEnd, client: Client, auditor: User
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    client.force_login(auditor)
    page = client.get(f"/reports/{report.pk}/evidence/").content.decode()
    for name in ("generate_request_id", "get_request_id", "created_ms", "content_md5", "path"):
        assert escape(str(report.provenance[name])) in page
    assert f"{report.created_at:%M:%S}</time>" in page
    assert "Signature" not in page
