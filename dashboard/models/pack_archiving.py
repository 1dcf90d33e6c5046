"""Archive packs, and take that back.

An archived pack is hidden from home, from generating all reports and from the numbers of packs that
need attention. Its page, its history and its originals stay where they are.
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard.models.accounts import Pack, PackQuerySet
from dashboard.models.audit import AuditEntry

ARCHIVE_ACTION = "archive-pack"
UNARCHIVE_ACTION = "unarchive-pack"
# An archived pack that was gone is in the cloud again; it stays archived.
RETURN_ACTION = "archived-pack-is-back"
# The reason, if a refresh shows a pack on home again because it is back in the cloud.
IS_BACK = "back-in-cloud"


def archive_packs(packs: PackQuerySet, user: AbstractBaseUser) -> int:
    """Archive those of the packs that are not, and log it; return their number."""
    with transaction.atomic():
        pack_ids = [pack.pk for pack in lock_packs(packs) if not pack.archived_at]
        archive = {"archived_at": timezone.now(), "archived_by": user.pk}
        update_packs(pack_ids, archive, user, ARCHIVE_ACTION)
    return len(pack_ids)


def unarchive_packs(packs: PackQuerySet, user: AbstractBaseUser | None, reason: str = "") -> int:
    """Show those of the packs that are archived on home again, and log it; return their number.

    `reason` is empty or IS_BACK. `user` is None if a command does it.
    """
    with transaction.atomic():
        pack_ids = [pack.pk for pack in lock_packs(packs) if pack.archived_at]
        show = {"archived_at": None, "archived_by": None}
        update_packs(pack_ids, show, user, UNARCHIVE_ACTION, {"reason": reason} if reason else {})
    return len(pack_ids)


def lock_packs(packs: PackQuerySet) -> list[Pack]:
    """Lock the packs, which a query with joins may select, and return them."""
    return Pack.objects.filter(pk__in=packs.order_by().values("pk")).lock_in_order()


def update_packs(
    pack_ids: list[int],
    values: dict[str, Any],
    user: AbstractBaseUser | None,
    action: str,
    facts: dict[str, str] | None = None,
) -> None:
    """Save the values in these packs and what their summaries copy, and log the action."""
    changed_packs = Pack.objects.filter(pk__in=pack_ids)
    changed_packs.update(**values)
    changed_packs.update_summaries()
    AuditEntry.objects.bulk_create(
        AuditEntry(by_id=user.pk if user else None, action=action, pack_id=pk, after=facts or {})
        for pk in pack_ids
    )
