"""Archive packs, and take that back.

An archived pack is hidden from home, from generating all reports and from the numbers of packs that
need attention. Its page, its history and its originals stay where they are.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard.models.accounts import Pack, PackQuerySet
from dashboard.models.audit import AuditEntry

ARCHIVE_ACTION = "archive-pack"
UNARCHIVE_ACTION = "unarchive-pack"


def archive_packs(packs: PackQuerySet, user: AbstractBaseUser) -> int:
    """Archive those of the packs that are not, and log it; return their number."""
    not_archived = packs.filter(archived_at=None)
    return update_packs(not_archived, user, ARCHIVE_ACTION, is_archived=True)


def unarchive_packs(packs: PackQuerySet, user: AbstractBaseUser) -> int:
    """Show those of the packs that are archived on home again, and log it; return their number."""
    archived = packs.exclude(archived_at=None)
    return update_packs(archived, user, UNARCHIVE_ACTION, is_archived=False)


def update_packs(
    packs: PackQuerySet, user: AbstractBaseUser, action: str, *, is_archived: bool
) -> int:
    with transaction.atomic():
        pack_ids = list(packs.order_by("pk").values_list("pk", flat=True))
        changed_packs = Pack.objects.filter(pk__in=pack_ids)
        changed_packs.update(
            archived_at=timezone.now() if is_archived else None,
            archived_by_id=user.pk if is_archived else None,
        )
        changed_packs.update_summaries()
        AuditEntry.objects.bulk_create(
            AuditEntry(by_id=user.pk, action=action, pack_id=pk) for pk in pack_ids
        )
    return len(pack_ids)
