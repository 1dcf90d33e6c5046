"""Find the packs that an account has in the cloud."""

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard import cloud
from dashboard.generation import cloud_client, ownership, rate_limit
from dashboard.generation.connection_check import list_packs, require_own_packs
from dashboard.models import Account, AuditEntry, Pack, Risk
from dashboard.models.pack_archiving import IS_BACK, RETURN_ACTION, unarchive_packs

if TYPE_CHECKING:
    from dashboard.cloud.answers import CloudPack
    from dashboard.cloud.client import Client

MAX_PACK_NAME = 200  # characters
MAX_GONE_CHECKS = 100  # of one refresh; the other packs are checked by later ones
GONE_CODE = "Invalid.CompliancePackId.Value"


class ReturnedPacks(NamedTuple):
    """The archived packs that were not in the cloud before a refresh and are there again.

    `shown` were archived while they were not in the cloud: they are on home again. `archived` were
    archived while they were in the cloud: they stay so.
    """

    shown: list[Pack]
    archived: list[Pack]


def refresh_packs(account: Account, user: AbstractBaseUser | None = None) -> ReturnedPacks:
    """Create and update the account's packs from the cloud.

    Packs that the cloud no longer has are marked with `gone_at`. `user` asks for the refresh; it is
    None if a command does. Raises CloudError, also if the AccessKey or the packs belong to another
    account.
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
        known_packs = account.packs.lock_in_order()
        returned_packs = find_returned_packs(known_packs, pack_ids)
        save_cloud_packs(account, known_packs, cloud_packs)
        for pack in gone_packs:
            pack.mark_gone(now)
        show_returned_packs(returned_packs, user)
        Account.objects.filter(pk=account.pk).update(packs_refreshed_at=now)
    return returned_packs


def save_cloud_packs(
    account: Account, known_packs: Iterable[Pack], cloud_packs: Iterable["CloudPack"]
) -> None:
    """Create and update the packs that the cloud lists. The caller has locked the known ones."""
    packs_by_id = {pack.pack_id: pack for pack in known_packs}
    for cloud_pack in sorted(cloud_packs, key=lambda cloud_pack: cloud_pack.pack_id):
        values = {
            "name": cloud_pack.name[:MAX_PACK_NAME],
            "description": cloud_pack.description,
            "risk": cloud_pack.risk or Risk.NOT_STATED,
            "template_id": cloud_pack.template_id,
            "gone_at": None,
            "imported": False,
        }
        if pack := packs_by_id.get(cloud_pack.pack_id):
            for name, value in values.items():
                setattr(pack, name, value)
            pack.save(update_fields=values)
        else:  # another refresh or an import may have created it meanwhile
            Pack.objects.update_or_create(
                account=account, pack_id=cloud_pack.pack_id, defaults=values
            )


def find_returned_packs(known_packs: Iterable[Pack], cloud_pack_ids: set[str]) -> ReturnedPacks:
    """Return the archived packs that were not in the cloud so far and are now."""
    returned_packs = ReturnedPacks([], [])
    for pack in known_packs:
        if pack.archived_at and not pack.is_in_cloud and pack.pack_id in cloud_pack_ids:
            was_in_cloud = pack.gone_at is not None and pack.gone_at > pack.archived_at
            (returned_packs.archived if was_in_cloud else returned_packs.shown).append(pack)
    return returned_packs


def show_returned_packs(returned_packs: ReturnedPacks, user: AbstractBaseUser | None) -> None:
    """Show those on home again that were archived while they were gone, and log what happened."""
    shown_ids = [pack.pk for pack in returned_packs.shown]
    unarchive_packs(Pack.objects.filter(pk__in=shown_ids), user, IS_BACK)
    AuditEntry.objects.bulk_create(
        AuditEntry(by_id=user.pk if user else None, action=RETURN_ACTION, pack=pack)
        for pack in returned_packs.archived
    )


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
