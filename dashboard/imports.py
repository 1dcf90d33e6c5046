"""Bringing in files from before the installation: where each belongs, and a report for it that takes the usual way.

Account, pack and time are the name's, `<uid>-<packId>-report-<yyyyMMddHHmm>.xls` with a time in UTC+8; what a name does
not say is looked for in the content, and what is in neither is asked for. The evidence time is never the upload's.
"""

import datetime as dt
import os
import re
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

from dashboard import archive, ledger, reports, workbook
from dashboard.models import Account, ImportBatch, ImportedFile, Original, Pack, Report
from dashboard.workbook import WorkbookError
from dashboard.workbook.archive import NAME, is_litter, member_name

CHINA = dt.timezone(dt.timedelta(hours=8))
PATIENCE = dt.timedelta(days=1)  # many may wait for their turn
MEMBERS = 5_000  # files in one zip
UNPACKED = 20  # times the size that one file may have: all files of a zip together
State = ImportedFile.State


class Place(NamedTuple):
    """Where a file belongs; what is empty is not known."""

    account_uid: str = ""
    pack_id: str = ""
    created_at: dt.datetime | None = None
    pack_name: str = ""

    @property
    def known(self) -> bool:
        return bool(self.account_uid and self.pack_id and self.created_at)

    def or_else(self, other: Self) -> "Place":
        """This place, with what it lacks taken from another."""
        return Place(
            self.account_uid or other.account_uid,
            self.pack_id or other.pack_id,
            self.created_at or other.created_at,
            self.pack_name or other.pack_name,
        )


def named(name: str) -> Place:
    """What a file's name says."""
    found = NAME.search(name)
    if not found or len(found["account"]) != 16:
        return Place()
    try:
        local = dt.datetime.strptime(found["created"], "%Y%m%d%H%M").replace(tzinfo=CHINA)
    except ValueError:
        return Place(found["account"], found["pack"])
    return Place(found["account"], found["pack"], plausible(local))


def plausible(moment: dt.datetime | None) -> dt.datetime | None:
    """The moment, unless Cloud Config cannot have made a report then: before it existed, or in the future."""
    latest = timezone.now() + dt.timedelta(days=1)
    return moment if moment and dt.datetime(2015, 1, 1, tzinfo=dt.UTC) < moment < latest else None


def told(original: Original) -> Place:
    """What a file's content says. Raises WorkbookError."""
    with archive.incoming() as folder, archive.local(original) as source:
        target = folder / "reading"
        workbook.read(source, target, limits=archive.limits())
        with workbook.Reading(target) as reading:
            said = reading.contents
    uid = said.account_uid if re.fullmatch(r"\d{16}", said.account_uid) else ""
    return Place(uid, said.pack_id[:64], plausible(ledger.moment(said.created_at)), said.pack_name[:200])


def receive(batch: ImportBatch, name: str, file: IO[bytes], size: int) -> list[ImportedFile]:
    """Takes a file's bytes into the archive, or those of each report in a zip; nothing is read yet."""
    name = PurePosixPath(name.replace("\\", "/")).name[-255:]
    if size > settings.FILE_LIMIT_BYTES:
        return [refuse(batch, name, "too_large")]
    members = reports_in(file, name)
    if not members:
        file.seek(0)
        return [keep(batch, name, file)]
    with zipfile.ZipFile(file) as bundle:
        return [take_out(batch, name, bundle, info) for info in members]


def keep(batch: ImportBatch, name: str, file: IO[bytes], inside: str = "") -> ImportedFile:
    return ImportedFile.objects.create(batch=batch, name=name, inside=inside, original=archive.keep_bytes(file))


def refuse(batch: ImportBatch, name: str, code: str, inside: str = "") -> ImportedFile:
    return ImportedFile.objects.create(batch=batch, name=name, inside=inside, state=State.REFUSED, error_code=code)


def reports_in(file: IO[bytes], name: str) -> list[zipfile.ZipInfo]:
    """The members of a zip that brings several reports; none for any other file.

    A zip that bears a report's own name, or whose members are of one pack and one minute, is one report: that of an
    account group, with a file for each account.
    """
    if file.read(2) != b"PK" or NAME.search(name):
        return []
    try:
        with zipfile.ZipFile(file) as bundle:
            infos = [info for info in bundle.infolist() if not info.is_dir() and not is_litter(info.filename)]
    except (zipfile.BadZipFile, ValueError, OSError):
        return []
    names = [member_name(info) for info in infos]
    if any(name.lower() == "[content_types].xml" for name in names) or len(infos) > MEMBERS:
        return []
    if sum(info.file_size for info in infos) > UNPACKED * settings.FILE_LIMIT_BYTES:
        return []
    found = [NAME.search(name) for name in names]
    one_report = len(found) > 1 and len({(one["pack"], one["created"]) if one else None for one in found}) == 1
    return [] if one_report and found[0] else infos


def take_out(batch: ImportBatch, inside: str, bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> ImportedFile:
    name = PurePosixPath(member_name(info).replace("\\", "/")).name[-255:]
    if info.file_size > settings.FILE_LIMIT_BYTES:
        return refuse(batch, name, "too_large", inside)
    try:
        with bundle.open(info) as member:
            return keep(batch, name, member, inside)
    except RuntimeError:  # zipfile's way to say that it wants a password
        return refuse(batch, name, "encrypted", inside)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error):
        return refuse(batch, name, "corrupt", inside)


def settle(file: ImportedFile, given: Place = Place()) -> Report | None:  # noqa: B008  # immutable
    """Gives a file its verdict and its report; None where one of account, pack and time is not known, or none fits."""
    if file.state not in (State.ARRIVED, State.ASKING) or file.original is None:
        return file.report
    place = named(file.name).or_else(Place(file.account_uid, file.pack_id, file.created_at, file.pack_name))
    if not place.known:
        try:
            place = place.or_else(told(file.original)).or_else(given)
        except WorkbookError as error:
            conclude(file, State.REFUSED, error_code=error.code, error_facts=dict(error.facts))
            return None
    if not place.account_uid and place.pack_id:
        owners = Account.objects.filter(packs__pack_id=place.pack_id).values_list("uid", flat=True)
        place = place._replace(account_uid=owners[0] if len(owners) == 1 else "")
    if not place.known:
        conclude(file, State.ASKING, **place._asdict())
        return None
    return settle_as(file, place)


def settle_as(file: ImportedFile, place: Place) -> Report:
    """Gives a file the report of a place that is known."""
    assert file.original is not None  # noqa: S101  # what was refused is asked for no place
    with transaction.atomic():
        report, made = enter(place, file.name, file.original, file.batch.by)
        conclude(file, State.ENTERED if made else State.THERE, report=report, **place._asdict())
    return report


def conclude(file: ImportedFile, state: State, **fields: object) -> None:
    """Writes a verdict, unless somebody was quicker."""
    waiting = ImportedFile.objects.filter(pk=file.pk, state__in=(State.ARRIVED, State.ASKING))
    if waiting.update(state=state, **fields):
        for name, value in {"state": state, **fields}.items():
            setattr(file, name, value)
    else:
        file.refresh_from_db()


def enter(place: Place, name: str, original: Original, by: AbstractBaseUser | None) -> tuple[Report, bool]:
    """The report of these bytes in this place, and whether it was made now; account and pack are made where unknown.

    A file's name tells its time to the minute, so that equal bytes of one pack and one minute are one report.
    """
    assert place.created_at is not None  # noqa: S101  # the place is known
    known = Pack.objects.select_related("account").filter(account__uid=place.account_uid, pack_id=place.pack_id)
    pack = known.first() or made(place)
    minute = place.created_at.replace(second=0, microsecond=0)
    with transaction.atomic():
        Pack.objects.hold(pack.pk)
        same = Report.objects.filter(pack=pack, original=original).exclude(state=Report.State.CANCELLED)
        there = same.filter(created_at__gte=minute, created_at__lt=minute + dt.timedelta(minutes=1)).values_list("pk")
        if found := there.first():
            return Report.objects.get(pk=found[0]), False
        now = timezone.now()
        report = Report.objects.create(
            pack=pack,
            pack_name=place.pack_name or pack.name,
            source=Report.Source.IMPORTED,
            state=Report.State.READING,
            requested_by_id=by.pk if by else None,
            created_at=place.created_at,
            received_at=now,
            deadline_at=now + PATIENCE,
            original=original,
            file_name=name,
        )
    return report, True


def made(place: Place) -> Pack:
    account, _ = Account.objects.get_or_create(uid=place.account_uid, defaults={"name": place.account_uid})
    words = {"name": place.pack_name or place.pack_id, "imported": True}
    return Pack.objects.get_or_create(account=account, pack_id=place.pack_id, defaults=words)[0]


def bring_in(
    account_uid: str,
    pack_id: str,
    name: str,
    file: IO[bytes],
    created_at: dt.datetime,
    by: AbstractBaseUser | None = None,
) -> Report:
    """The report of a file whose place is known, still to be read (see `read_all`)."""
    return enter(Place(account_uid, pack_id, created_at), name, archive.keep_bytes(file), by)[0]


def read_all(found: Iterable[Report], at_once: int | None = None) -> Iterator[Report]:
    """Takes reports to their end, in their order; `at_once` files are read at a time, each in a process of its own."""
    processes = at_once or os.cpu_count() or 1
    waiting: deque[tuple[Report, Future[None]]] = deque()
    line = ledger.InTurn()
    with ThreadPoolExecutor(processes) as pool:
        for report in found:
            waiting.append((report, pool.submit(read_ahead, report)))
            if len(waiting) > 2 * processes:
                yield finish(*waiting.popleft(), line.enter)
        while waiting:
            yield finish(*waiting.popleft(), line.enter)


def read_ahead(report: Report) -> None:
    try:
        archive.read(report)
    finally:
        connection.close()  # this thread's own


def finish(report: Report, reading: Future[None], enter: reports.Enter) -> Report:
    reading.exception()  # the step itself meets the same fault, and writes it down
    reports.go_on(report, enter)
    if report.under_way:  # somebody else was at it
        report.refresh_from_db()
    return report


def left_lying() -> list[int]:
    """Batches with files that still wait for their verdict."""
    waiting = ImportedFile.objects.filter(state=State.ARRIVED)
    return list(waiting.order_by().values_list("batch", flat=True).distinct())


def settle_batch(batch_id: int) -> list[Report]:
    """Settles the files of a batch that wait; returns the reports that are to be read."""
    waiting = ImportedFile.objects.filter(batch=batch_id, state=State.ARRIVED).select_related("original", "batch__by")
    found = [settle(file) for file in waiting]
    return [report for report in found if report and report.under_way]


def files_below(path: Path) -> Iterator[Path]:
    """A file, or all files of a folder and of those in it; hidden ones are left out."""
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith("."):
                yield from files_below(child)
    elif path.is_file():
        yield path
