"""Accounts and packs against the cloud: the line to it, the test of a key, the list of packs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.models import Account, Pack, Risk
from dashboard.models.accounts import SecretUnreadableError

if TYPE_CHECKING:
    from dashboard.cloud.client import Client


@dataclass(frozen=True)
class Verdict:
    """What a test of an account's key found: the number of packs it may see, or why it sees none."""

    packs: int = 0
    error: cloud.CloudError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


def line(account: Account, attempts: int = 2) -> "Client":
    """A client for the account. Raises CloudError (SecretUnreadable) when the settings' keys do not fit its secret."""
    from dashboard.cloud.client import ENDPOINTS, Client

    try:
        secret = account.secret
    except SecretUnreadableError as error:
        raise cloud.CloudError("SecretUnreadable") from error
    endpoint = account.endpoint or ENDPOINTS[account.site]
    return Client(
        endpoint,
        account.access_key_id,
        secret,
        transport=settings.CLOUD_TRANSPORT,
        attempts=attempts,
    )


def test(account: Account) -> Verdict:
    """Asks for the packs as whoever adds an account would: a clear answer instead of an exception."""
    try:
        with line(account) as client:
            return Verdict(packs=len(client.list_packs()))
    except cloud.CloudError as error:
        return Verdict(error=error)


def refresh(account: Account) -> None:
    """Brings the account's packs up to date; those gone from the cloud are marked and stay. Raises CloudError."""
    with line(account) as client:
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
