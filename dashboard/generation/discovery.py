"""Accounts and packs against the cloud: the line to it, the test of a key, the list of packs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.generation import cloud_client
from dashboard.models import Account, Pack, Risk

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class ConnectionTest:
    """What a test of an account's key found: the number of packs it may see, or why it sees none."""

    packs: int = 0
    error: cloud.CloudError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


def test_connection(account: Account) -> ConnectionTest:
    """Asks for the packs as whoever adds an account would: a clear answer instead of an exception."""
    try:
        with cloud_client.open_client(account) as client:
            return ConnectionTest(packs=len(client.list_packs()))
    except cloud.CloudError as error:
        return ConnectionTest(error=error)


def refresh_packs(account: Account) -> None:
    """Brings the account's packs up to date; those gone from the cloud are marked and stay. Raises CloudError."""
    with cloud_client.open_client(account) as client:
        found = client.list_packs()
    now = timezone.now()
    with transaction.atomic():
        for pack in found:
            seen = {
                "name": pack.name,
                "description": pack.description,
                "risk": pack.risk or Risk.NOT_STATED,
                "template_id": pack.template_id,
                "gone_at": None,
                "imported": False,
            }
            Pack.objects.update_or_create(account=account, pack_id=pack.pack_id, defaults=seen)
        missing = account.packs.in_cloud().exclude(pack_id__in=[pack.pack_id for pack in found])
        missing.update(gone_at=now)
        Account.objects.filter(pk=account.pk).update(packs_refreshed_at=now)
