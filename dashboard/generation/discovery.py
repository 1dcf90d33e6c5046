"""Find the packs that an account has in the cloud, and test the account's AccessKey."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.generation import cloud_client, ownership, rate_limit
from dashboard.models import Account, Pack, Risk

if TYPE_CHECKING:
    from dashboard.cloud.answers import CloudPack
    from dashboard.cloud.client import Client

MAX_PACK_NAME = 200  # characters
MAX_GONE_CHECKS = 100  # of one refresh; the other packs are checked by later ones
GONE_CODE = "Invalid.CompliancePackId.Value"


@dataclass(frozen=True)
class ConnectionTest:
    """The result of testing an AccessKey: the number of packs and its owner, or the error.

    `key_owner_uid` is empty where the identity service cannot be reached.
    """

    packs: int = 0
    key_owner_uid: str = ""
    error: cloud.CloudError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


def test_connection(account: Account) -> ConnectionTest:
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


def refresh_packs(account: Account) -> None:
    """Create and update the account's packs from the cloud.

    Packs that the cloud no longer has are marked with `gone_at`. Raises CloudError, also if
    the AccessKey or the packs belong to another account.
    """
    ownership.require_own_key(account)
    with cloud_client.open_client(account) as client:
        cloud_packs = list_packs(client, account)
        require_own_packs(account, cloud_packs)
        pack_ids = {cloud_pack.pack_id for cloud_pack in cloud_packs}
        unlisted_packs = account.packs.in_cloud().exclude(pack_id__in=pack_ids)
        gone_packs = find_gone_packs(client, unlisted_packs)
    now = timezone.now()
    with transaction.atomic():
        for cloud_pack in cloud_packs:
            values = {
                "name": cloud_pack.name[:MAX_PACK_NAME],
                "description": cloud_pack.description,
                "risk": cloud_pack.risk or Risk.NOT_STATED,
                "template_id": cloud_pack.template_id,
                "gone_at": None,
                "imported": False,
            }
            Pack.objects.update_or_create(
                account=account, pack_id=cloud_pack.pack_id, defaults=values
            )
        for pack in gone_packs:
            pack.mark_gone(now)
        Account.objects.filter(pk=account.pk).update(packs_refreshed_at=now)


def find_gone_packs(client: "Client", unlisted_packs: Iterable[Pack]) -> list[Pack]:
    """Return those of the packs that the cloud says it does not have.

    A list may lack a pack by mistake, so the cloud is asked for each of them, in random order: if
    not all can be asked now, later refreshes ask for the others.
    """
    gone_packs = []
    packs = list(unlisted_packs)
    for pack in random.sample(packs, min(len(packs), MAX_GONE_CHECKS)):
        if rate_limit.seconds_until_get_allowed(pack.account):
            break
        try:
            client.get_pack(pack.pack_id)
        except cloud.CloudError as error:
            if error.code == GONE_CODE:
                gone_packs.append(pack)
            elif error.is_temporary:
                break
    return gone_packs


def mark_pack_if_gone(pack: Pack) -> None:
    """Mark the pack as gone if GetCompliancePack, too, says that the cloud does not have it."""
    try:
        with cloud_client.open_client(pack.account) as client:
            gone_packs = find_gone_packs(client, [pack])
    except cloud.CloudError:
        return  # the account's AccessKey was removed meanwhile
    for gone_pack in gone_packs:
        gone_pack.mark_gone(timezone.now())
