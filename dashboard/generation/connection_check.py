"""Test an account's AccessKey: whose it is, and whether it lists packs of this account."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard import cloud
from dashboard.generation import cloud_client, ownership, rate_limit
from dashboard.models import Account

if TYPE_CHECKING:
    from dashboard.cloud.answers import CloudPack
    from dashboard.cloud.client import Client


@dataclass(frozen=True)
class ConnectionTest:
    """The result of testing an AccessKey: the number of packs and its owner, or the error.

    `key_owner_uid` is empty where the identity service cannot be reached.
    """

    packs: int = 0
    key_owner_uid: str = ""
    error: cloud.CloudError | None = None


def check_connection(account: Account) -> ConnectionTest:
    """Test the account's AccessKey: ask whose it is and list its packs.

    An error is returned, not raised.
    """
    try:
        with cloud_client.open_client(account) as client:
            packs = list_packs(client, account)
        ownership.ask_for_key_owner(account)
        ownership.require_own_key(account)
        require_own_packs(account, packs)
        return ConnectionTest(len(packs), account.key_owner_uid)
    except cloud.CloudError as error:
        return ConnectionTest(error=error)


def require_own_packs(account: Account, packs: Iterable["CloudPack"]) -> None:
    """Raise CloudError (ForeignAccount) if the cloud lists packs of another account."""
    for pack in packs:
        if pack.account_id not in {"", account.uid}:
            raise cloud.CloudError(
                "ForeignAccount", expected_id=account.uid, actual_id=pack.account_id
            )


def list_packs(client: "Client", account: Account) -> list["CloudPack"]:
    return client.list_packs(before_page=lambda: rate_limit.wait_for_list_call(account))
