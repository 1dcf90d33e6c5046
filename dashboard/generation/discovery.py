"""Find the packs that an account has in the cloud."""

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.generation import cloud_client, ownership, rate_limit
from dashboard.generation.connection_check import list_packs, require_own_packs
from dashboard.models import Account, Pack, Risk

if TYPE_CHECKING:
    from dashboard.cloud.client import Client

MAX_PACK_NAME = 200  # characters
MAX_GONE_CHECKS = 100  # of one refresh; the other packs are checked by later ones
GONE_CODE = "Invalid.CompliancePackId.Value"


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
