"""Find the packs that an account has in the cloud, and test the account's AccessKey."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.generation import cloud_client
from dashboard.models import Account, Pack, Risk


@dataclass(frozen=True)
class ConnectionTest:
    """The result of testing an AccessKey: the number of packs in the cloud, or the error."""

    packs: int = 0
    error: cloud.CloudError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


def test_connection(account: Account) -> ConnectionTest:
    """Test the account's AccessKey by listing its packs. An error is returned, not raised."""
    try:
        with cloud_client.open_client(account) as client:
            return ConnectionTest(packs=len(client.list_packs()))
    except cloud.CloudError as error:
        return ConnectionTest(error=error)


def refresh_packs(account: Account) -> None:
    """Create and update the account's packs from the cloud.

    Packs that the cloud no longer has are marked with `gone_at`. Raises CloudError.
    """
    with cloud_client.open_client(account) as client:
        cloud_packs = client.list_packs()
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
