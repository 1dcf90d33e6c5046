"""Bringing in files from before the installation: where each belongs, and a report for it that takes the usual way.

What a file's name does not say of its place is looked for in the content, and what is in neither is asked for.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import transaction

from dashboard.archive import originals
from dashboard.imports import report_creation
from dashboard.imports.identity import Identity, identity_from_content, identity_from_name
from dashboard.models import Account, ImportedFile, Original, Report
from dashboard.workbook import WorkbookError

AT_ONCE = 8  # files that get their verdicts in one go
State = ImportedFile.State
WAITING = (State.ARRIVED, State.ASKING)
logger = logging.getLogger(__name__)


def create_file_rows(files: Iterable[ImportedFile]) -> None:
    """Makes the rows of files that have none."""
    new = [file for file in files if file.pk is None]
    with transaction.atomic(savepoint=False):
        originals.create_original_rows([file.original for file in new if file.original])
        ImportedFile.objects.bulk_create(new)


def decide_in_chunks(
    files: Iterable[ImportedFile], given: Identity = Identity()
) -> Iterator[Report]:  # noqa: B008  # immutable
    """Gives files their verdicts, a few at a time; yields the reports that are to be read."""
    waiting = iter(files)
    while some := list(islice(waiting, AT_ONCE)):
        yield from decide_outcomes(some, given)


def decide_outcomes(files: Sequence[ImportedFile], given: Identity = Identity()) -> list[Report]:  # noqa: B008  # as above
    """Gives files their verdicts, and rows to those that have none; returns the reports that are to be read."""
    by_pack: dict[tuple[str, str], list[tuple[ImportedFile, Identity]]] = {}
    for file in files:
        if file.state in WAITING and (place := identify_file(file, given)):
            by_pack.setdefault(place[:2], []).append((file, place))
    for known in by_pack.values():
        create_reports(known)
    create_file_rows(files)
    return list(
        {
            file.report.pk: file.report for file in files if file.report and file.report.under_way
        }.values()
    )


def identify_file(file: ImportedFile, given: Identity) -> Identity | None:
    """Where a file belongs; None, and a verdict, where one of account, pack and time is not known, or none fits."""
    place = identity_from_name(file.name).or_else(
        Identity(file.account_uid, file.pack_id, file.created_at, file.pack_name)
    )
    if not place.known:
        assert file.original is not None  # noqa: S101  # none that waits was refused
        try:
            place = place.or_else(identity_from_content(file.original)).or_else(given)
        except WorkbookError as error:
            set_outcome(file, State.REFUSED, error_code=error.code, error_facts=dict(error.facts))
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
        set_outcome(file, State.ASKING, **place._asdict())
        return None
    return place


def create_reports(known: Sequence[tuple[ImportedFile, Identity]]) -> None:
    """Gives files of one pack the reports of their places."""
    with transaction.atomic():
        originals.create_original_rows(
            [require_original(file) for file, _ in known if file.pk is None]
        )
        found = report_creation.find_or_create_reports(
            [
                report_creation.IdentifiedFile(
                    place, file.name, require_original(file), file.batch.by_id
                )
                for file, place in known
            ]
        )
        for (file, place), (report, made) in zip(known, found, strict=True):
            set_outcome(
                file, State.ENTERED if made else State.THERE, report=report, **place._asdict()
            )


def require_original(file: ImportedFile) -> Original:
    assert file.original is not None  # noqa: S101  # what was refused has no place
    return file.original


def set_outcome(file: ImportedFile, state: State, **fields: object) -> None:
    """Writes a verdict, unless somebody was quicker; a file without a row just bears it."""
    waiting = ImportedFile.objects.filter(pk=file.pk, state__in=WAITING)
    if file.pk is None or waiting.update(state=state, **fields):
        for name, value in {"state": state, **fields}.items():
            setattr(file, name, value)
    else:
        file.refresh_from_db()


def find_waiting_batches() -> list[int]:
    """Batches with files that still wait for their verdict."""
    waiting = ImportedFile.objects.filter(state=State.ARRIVED)
    return list(waiting.order_by().values_list("batch", flat=True).distinct())


def decide_batch(batch_id: int) -> list[Report]:
    """Settles the files of a batch that wait; returns the reports that are to be read."""
    waiting = ImportedFile.objects.filter(batch=batch_id, state=State.ARRIVED).select_related(
        "original", "batch"
    )
    return list(decide_in_chunks(waiting))
