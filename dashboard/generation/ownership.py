"""Check that the AccessKey, the answer and the file belong to the report's account and pack.

Three sources state the account: the identity service (STS) for the AccessKey, the answer of Cloud
Config, and the file. If one of them states another account or pack, the run fails, the error shows
both ids, and no rows are stored.
"""

import datetime as dt
from typing import TYPE_CHECKING

from django.utils import timezone

from dashboard import cloud
from dashboard.archive import stored_forms
from dashboard.cloud.time_limit import IsStopped, never_stop
from dashboard.generation import cloud_client
from dashboard.models import Account, Report
from dashboard.models.accounts import is_account_uid
from dashboard.workbook.zip_members import REPORT_FILE_NAME

if TYPE_CHECKING:
    from dashboard.cloud.client import Client

ASK_AGAIN_AFTER = dt.timedelta(hours=1)


def require_own_key(account: Account, is_stopped: IsStopped = never_stop) -> None:
    """Raise CloudError (ForeignAccessKey) if the AccessKey belongs to another account.

    The identity service is asked at most once an hour, and for each new AccessKey. If it cannot be
    reached, the account stays unverified, and the account id in the answer of Cloud Config is
    checked instead.
    """
    is_new_key = account.caller_access_key_id != account.access_key_id
    asked_at = account.caller_asked_at
    if is_new_key or asked_at is None or asked_at < timezone.now() - ASK_AGAIN_AFTER:
        ask_for_key_owner(account, is_stopped)
    if account.key_owner_uid not in {"", account.uid}:
        raise cloud.CloudError(
            "ForeignAccessKey", expected_id=account.uid, actual_id=account.key_owner_uid
        )


def ask_for_key_owner(account: Account, is_stopped: IsStopped = never_stop) -> None:
    """Ask the identity service whose the AccessKey is, and store the answer with the account."""
    now = timezone.now()
    fields = {"caller_access_key_id": account.access_key_id, "caller_asked_at": now}
    if account.caller_access_key_id != account.access_key_id:
        fields |= {"caller_account_uid": "", "verified_at": None}
    try:
        with cloud_client.open_identity_client(account, is_stopped) as client:
            identity = client.get_caller_identity()
        fields |= {"caller_account_uid": identity.account_id[:32], "verified_at": now}
    except cloud.CloudError:
        pass  # not verified: Cloud Config itself will answer with the account, or with the error
    Account.objects.filter(pk=account.pk).update(**fields)
    for name, value in fields.items():
        setattr(account, name, value)


def get_own_report(client: "Client", report: Report) -> cloud.CloudReport:
    """Return the status of the pack's latest report in the cloud.

    Raise CloudError (ForeignAccount, ForeignPack) if the answer is about another account or pack.
    """
    cloud_report = client.get_report(report.pack.pack_id)
    answered_ids = {
        "ForeignAccount": (report.pack.account.uid, cloud_report.account_id),
        "ForeignPack": (report.pack.pack_id, cloud_report.pack_id),
    }
    for code, (expected_id, actual_id) in answered_ids.items():
        if actual_id not in {"", expected_id}:
            raise cloud.CloudError(
                code,
                request_id=cloud_report.request_id,
                expected_id=expected_id,
                actual_id=actual_id,
            )
    return cloud_report


def require_own_file(report: Report) -> None:
    """Raise CloudError (ForeignFile) if the file states another account or pack.

    A generated file is checked by name and content. The name of an imported file was checked before
    its report was created, and its content too unless it could not be read then.
    """
    stated_ids: list[tuple[str, str]] = []
    if report.source != Report.Source.IMPORTED:
        stated_ids += list_ids_in_name(report)
    elif not report.provenance.get("unread"):
        return
    stated_ids += list_ids_in_content(report)
    account_uid, pack_id = report.pack.account.uid, report.pack.pack_id
    expected_ids = {"account": account_uid, "pack": pack_id}
    for kind, actual_id in stated_ids:
        if actual_id != expected_ids[kind]:
            raise cloud.CloudError(
                "ForeignFile", expected_id=expected_ids[kind], actual_id=actual_id
            )


def list_ids_in_name(report: Report) -> list[tuple[str, str]]:
    """Return ("account" or "pack", id) for each id in the file's name."""
    match = REPORT_FILE_NAME.search(report.file_name)
    return [("account", match["account"]), ("pack", match["pack"])] if match else []


def list_ids_in_content(report: Report) -> list[tuple[str, str]]:
    """Return ("account" or "pack", id) for each id that the file states."""
    with stored_forms.open_stored_form(report) as stored_form:
        contents = stored_form.contents
        uids = {contents.account_uid}
        if contents.kind != "zip":  # its members belong to the accounts of an account group
            uids |= {group.account for group in stored_form.groups if group.rows}
    accounts = [("account", uid) for uid in sorted(filter(is_account_uid, uids))]
    return accounts + ([("pack", contents.pack_id)] if contents.pack_id else [])
