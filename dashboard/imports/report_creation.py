"""Reports of imported files."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import IO, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard.archive import originals
from dashboard.imports.identity import Identity
from dashboard.models import Account, Original, Pack, Report

PATIENCE = dt.timedelta(days=1)  # many may wait for their turn
PASSING = ("defect", "deadline", "timeout", "memory")  # faults that were not the file's
Key = tuple[str | None, dt.datetime]  # what makes two reports of a pack one: bytes, minute


class IdentifiedFile(NamedTuple):
    """A file whose place is known. `by` is the id of whoever brings it."""

    place: Identity
    name: str
    original: Original
    by: int | None


def create_report_for_file(
    account_uid: str,
    pack_id: str,
    name: str,
    file: IO[bytes],
    created_at: dt.datetime,
    by: AbstractBaseUser | None = None,
) -> Report:
    """The report of a file whose place is known, still to be read (see in_turn.py)."""
    arrival = IdentifiedFile(
        Identity(account_uid, pack_id, created_at),
        name,
        originals.store_stream(file),
        by.pk if by else None,
    )
    with transaction.atomic():
        originals.create_original_rows([arrival.original])
        return find_or_create_reports([arrival])[0][0]


def find_or_create_reports(arrivals: Sequence[IdentifiedFile]) -> list[tuple[Report, bool]]:
    """The report of each file of one pack, and whether it was made now; account and pack are made where unknown.

    A file's name tells its time to the minute, so that equal bytes of one minute are one report.
    """
    pack = find_or_create_pack(arrivals[0].place)
    Pack.objects.lock_row(pack.pk)
    there = find_existing_reports(pack, {arrival.original.pk for arrival in arrivals})
    found, new, now = [], [], timezone.now()
    for place, name, original, by in arrivals:
        key = (original.pk, truncate_to_minute(place.created_at))
        if made := key not in there:
            there[key] = Report(
                pack=pack,
                pack_name=place.pack_name or pack.name,
                source=Report.Source.IMPORTED,
                state=Report.State.READING,
                requested_by_id=by,
                created_at=place.created_at,
                received_at=now,
                deadline_at=now + PATIENCE,
                original=original,
                file_name=name,
            )
            new.append(there[key])
        found.append((there[key], made))
    Report.objects.bulk_create(new)
    return found


def find_existing_reports(pack: Pack, originals: Collection[str]) -> dict[Key, Report]:
    """The reports that there are of these files, but for those that were cancelled or may do better the next time."""
    there = Report.objects.filter(pack=pack, original__in=originals).exclude(
        state=Report.State.CANCELLED
    )
    # One whose rows have not been taken out yet still has the position that another would be given.
    there = there.exclude(state=Report.State.FAILED, error_code__in=PASSING, position=None)
    found = there.select_related("pack__account", "original").order_by("-pk")
    return {(report.original_id, truncate_to_minute(report.created_at)): report for report in found}


def find_or_create_pack(place: Identity) -> Pack:
    known = Pack.objects.select_related("account").filter(
        account__uid=place.account_uid, pack_id=place.pack_id
    )
    return known.first() or create_pack(place)


def create_pack(place: Identity) -> Pack:
    account, _ = Account.objects.get_or_create(
        uid=place.account_uid, defaults={"name": place.account_uid}
    )
    words = {"name": place.pack_name or place.pack_id, "imported": True}
    return Pack.objects.get_or_create(account=account, pack_id=place.pack_id, defaults=words)[0]


def truncate_to_minute(moment: dt.datetime | None) -> dt.datetime:
    assert moment is not None  # noqa: S101  # the time of what has bytes is known
    return moment.astimezone(dt.UTC).replace(second=0, microsecond=0)
