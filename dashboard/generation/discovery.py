"""Find the packs that an account has in the cloud, and test the account's AccessKey."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.generation import cloud_client, ownership
from dashboard.models import Account, Pack, Risk

if TYPE_CHECKING:
    from dashboard.cloud.answers import CloudPack


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
            packs = client.list_packs()
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


def refresh_packs(account: Account) -> None:
    """Create and update the account's packs from the cloud.

    Packs that the cloud no longer has are marked with `gone_at`. Raises CloudError, also if
    the AccessKey or the packs belong to another account.
    """
    ownership.require_own_key(account)
    with cloud_client.open_client(account) as client:
        cloud_packs = client.list_packs()
    require_own_packs(account, cloud_packs)
    now = timezone.now()
    with transaction.atomic():
        for cloud_pack in cloud_packs:
            values = {
                "name": cloud_pack.name,
                "description": cloud_pack.description,
                "risk": cloud_pack.risk or Risk.NOT_STATED,
                "template_id": cloud_pack.template_id,
                "gone_at": None,
                "imported": False,
            }
            Pack.objects.update_or_create(
                account=account, pack_id=cloud_pack.pack_id, defaults=values
            )
        pack_ids = [cloud_pack.pack_id for cloud_pack in cloud_packs]
        account.packs.in_cloud().exclude(pack_id__in=pack_ids).update(gone_at=now)
        Account.objects.filter(pk=account.pk).update(packs_refreshed_at=now)
