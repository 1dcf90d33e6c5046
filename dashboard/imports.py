"""Bringing in files from before the installation: where each belongs, and a report for it that takes the usual way.

What a file's name does not say of its place is looked for in the content, and what is in neither is asked for.
"""

import datetime as dt
import logging
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from dashboard import archive
from dashboard.models import Account, ImportBatch, ImportedFile, Original, Pack, Report
from dashboard.places import Place, named, told
from dashboard.workbook import WorkbookError
from dashboard.workbook.archive import NAME, is_litter, member_name

PATIENCE = dt.timedelta(days=1)  # many may wait for their turn
MEMBERS = 5_000  # files in one zip
UNPACKED = 20  # times the size that one file may have: all files of a zip together
PASSING = ("defect", "deadline", "timeout", "memory")  # faults that were not the file's
AT_ONCE = 8  # files that get their verdicts in one go
State = ImportedFile.State
WAITING = (State.ARRIVED, State.ASKING)
Key = tuple[str | None, dt.datetime]  # what makes two reports of a pack one: bytes, minute
logger = logging.getLogger(__name__)


def receive(batch: ImportBatch, name: str, file: IO[bytes], size: int) -> Iterator[ImportedFile]:
    """Takes a file's bytes into the archive, or those of each report in a zip; nothing is read, and no row made."""
    name = base_name(name)
    if size > settings.FILE_LIMIT_BYTES:
        yield refuse(batch, name, "too_large")
        return
    members = reports_in(file, name)
    if not members:
        file.seek(0)
        yield keep(batch, name, file)
        return
    with zipfile.ZipFile(file) as bundle:
        for info in members:
            yield take_out(batch, name, bundle, info)


def base_name(path: str) -> str:
    """The last part of a path of any system, as every database takes it."""
    name = PurePosixPath(path.replace("\\", "/")).name
    return name.encode("utf-8", "replace").decode().replace("\0", "")[-255:]


def keep(batch: ImportBatch, name: str, file: IO[bytes], inside: str = "") -> ImportedFile:
    return ImportedFile(batch=batch, name=name, inside=inside, original=archive.take(file))


def refuse(batch: ImportBatch, name: str, code: str, inside: str = "") -> ImportedFile:
    return ImportedFile(batch=batch, name=name, inside=inside, state=State.REFUSED, error_code=code)


def reports_in(file: IO[bytes], name: str) -> list[zipfile.ZipInfo]:
    """The members of a zip that brings several reports; none for any other file.

    A zip that bears a report's own name, or whose members are of one pack and one minute, is one report: that of an
    account group, with a file for each account.
    """
    if file.read(2) != b"PK" or NAME.search(name):
        return []
    try:
        with zipfile.ZipFile(file) as bundle:
            infos = [
                info
                for info in bundle.infolist()
                if not info.is_dir() and not is_litter(info.filename)
            ]
    except (zipfile.BadZipFile, ValueError, OSError):
        return []
    names = [member_name(info) for info in infos]
    if any(name.lower() == "[content_types].xml" for name in names) or len(infos) > MEMBERS:
        return []
    if sum(info.file_size for info in infos) > UNPACKED * settings.FILE_LIMIT_BYTES:
        return []
    found = [NAME.search(name) for name in names]
    one_report = (
        len(found) > 1
        and len({(one["pack"], one["created"]) if one else None for one in found}) == 1
    )
    return [] if one_report and found[0] else infos


def take_out(
    batch: ImportBatch, inside: str, bundle: zipfile.ZipFile, info: zipfile.ZipInfo
) -> ImportedFile:
    name = base_name(member_name(info))
    if info.file_size > settings.FILE_LIMIT_BYTES:
        return refuse(batch, name, "too_large", inside)
    try:
        with bundle.open(info) as member:
            return keep(batch, name, member, inside)
    except RuntimeError:  # zipfile's way to say that it wants a password
        return refuse(batch, name, "encrypted", inside)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error):
        return refuse(batch, name, "corrupt", inside)


def record(files: Iterable[ImportedFile]) -> None:
    """Makes the rows of files that have none."""
    new = [file for file in files if file.pk is None]
    with transaction.atomic(savepoint=False):
        archive.record([file.original for file in new if file.original])
        ImportedFile.objects.bulk_create(new)


def settle_each(files: Iterable[ImportedFile], given: Place = Place()) -> Iterator[Report]:  # noqa: B008  # immutable
    """Gives files their verdicts, a few at a time; yields the reports that are to be read."""
    waiting = iter(files)
    while some := list(islice(waiting, AT_ONCE)):
        yield from settle(some, given)


def settle(files: Sequence[ImportedFile], given: Place = Place()) -> list[Report]:  # noqa: B008  # as above
    """Gives files their verdicts, and rows to those that have none; returns the reports that are to be read."""
    by_pack: dict[tuple[str, str], list[tuple[ImportedFile, Place]]] = {}
    for file in files:
        if file.state in WAITING and (place := whereabouts(file, given)):
            by_pack.setdefault(place[:2], []).append((file, place))
    for known in by_pack.values():
        settle_as(known)
    record(files)
    return list(
        {
            file.report.pk: file.report for file in files if file.report and file.report.under_way
        }.values()
    )


def whereabouts(file: ImportedFile, given: Place) -> Place | None:
    """Where a file belongs; None, and a verdict, where one of account, pack and time is not known, or none fits."""
    place = named(file.name).or_else(
        Place(file.account_uid, file.pack_id, file.created_at, file.pack_name)
    )
    if not place.known:
        assert file.original is not None  # noqa: S101  # none that waits was refused
        try:
            place = place.or_else(told(file.original)).or_else(given)
        except WorkbookError as error:
            conclude(file, State.REFUSED, error_code=error.code, error_facts=dict(error.facts))
            return None
        except (
            Exception
        ):  # a defect of ours, or a storage that fails: this file waits, the others do not
            logger.exception("%s could not be looked at", file)
            return None
    if not place.account_uid and place.pack_id:
        owners = Account.objects.filter(packs__pack_id=place.pack_id).values_list("uid", flat=True)
        place = place._replace(account_uid=owners[0] if len(owners) == 1 else "")
    if not place.known:
        conclude(file, State.ASKING, **place._asdict())
        return None
    return place


def settle_as(known: Sequence[tuple[ImportedFile, Place]]) -> None:
    """Gives files of one pack the reports of their places."""
    with transaction.atomic():
        archive.record([original(file) for file, _ in known if file.pk is None])
        found = enter(
            [Arrival(place, file.name, original(file), file.batch.by_id) for file, place in known]
        )
        for (file, place), (report, made) in zip(known, found, strict=True):
            conclude(file, State.ENTERED if made else State.THERE, report=report, **place._asdict())


def original(file: ImportedFile) -> Original:
    assert file.original is not None  # noqa: S101  # what was refused has no place
    return file.original


def conclude(file: ImportedFile, state: State, **fields: object) -> None:
    """Writes a verdict, unless somebody was quicker; a file without a row just bears it."""
    waiting = ImportedFile.objects.filter(pk=file.pk, state__in=WAITING)
    if file.pk is None or waiting.update(state=state, **fields):
        for name, value in {"state": state, **fields}.items():
            setattr(file, name, value)
    else:
        file.refresh_from_db()


class Arrival(NamedTuple):
    """A file whose place is known. `by` is the id of whoever brings it."""

    place: Place
    name: str
    original: Original
    by: int | None


def enter(arrivals: Sequence[Arrival]) -> list[tuple[Report, bool]]:
    """The report of each file of one pack, and whether it was made now; account and pack are made where unknown.

    A file's name tells its time to the minute, so that equal bytes of one minute are one report.
    """
    pack = pack_of(arrivals[0].place)
    Pack.objects.hold(pack.pk)
    there = known_reports(pack, {arrival.original.pk for arrival in arrivals})
    found, new, now = [], [], timezone.now()
    for place, name, original, by in arrivals:
        key = (original.pk, minute(place.created_at))
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


def pack_of(place: Place) -> Pack:
    known = Pack.objects.select_related("account").filter(
        account__uid=place.account_uid, pack_id=place.pack_id
    )
    return known.first() or made(place)


def made(place: Place) -> Pack:
    account, _ = Account.objects.get_or_create(
        uid=place.account_uid, defaults={"name": place.account_uid}
    )
    words = {"name": place.pack_name or place.pack_id, "imported": True}
    return Pack.objects.get_or_create(account=account, pack_id=place.pack_id, defaults=words)[0]


def known_reports(pack: Pack, originals: Collection[str]) -> dict[Key, Report]:
    """The reports that there are of these files, but for those that were cancelled or may do better the next time."""
    there = Report.objects.filter(pack=pack, original__in=originals).exclude(
        state=Report.State.CANCELLED
    )
    # One whose rows have not been taken out yet still has the position that another would be given.
    there = there.exclude(state=Report.State.FAILED, error_code__in=PASSING, position=None)
    found = there.select_related("pack__account", "original").order_by("-pk")
    return {(report.original_id, minute(report.created_at)): report for report in found}


def minute(moment: dt.datetime | None) -> dt.datetime:
    assert moment is not None  # noqa: S101  # the time of what has bytes is known
    return moment.astimezone(dt.UTC).replace(second=0, microsecond=0)


def bring_in(
    account_uid: str,
    pack_id: str,
    name: str,
    file: IO[bytes],
    created_at: dt.datetime,
    by: AbstractBaseUser | None = None,
) -> Report:
    """The report of a file whose place is known, still to be read (see in_turn.py)."""
    arrival = Arrival(
        Place(account_uid, pack_id, created_at), name, archive.take(file), by.pk if by else None
    )
    with transaction.atomic():
        archive.record([arrival.original])
        return enter([arrival])[0][0]


def left_lying() -> list[int]:
    """Batches with files that still wait for their verdict."""
    waiting = ImportedFile.objects.filter(state=State.ARRIVED)
    return list(waiting.order_by().values_list("batch", flat=True).distinct())


def settle_batch(batch_id: int) -> list[Report]:
    """Settles the files of a batch that wait; returns the reports that are to be read."""
    waiting = ImportedFile.objects.filter(batch=batch_id, state=State.ARRIVED).select_related(
        "original", "batch"
    )
    return list(settle_each(waiting))


def files_below(path: Path) -> Iterator[Path]:
    """A file, or all files of a folder and of those in it; hidden ones are left out."""
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith("."):
                yield from files_below(child)
    elif path.is_file():
        yield path
