"""Decide the outcome of each imported file.

The outcome is a report (a new or an existing one), a question to the user, or an error.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from dashboard.imports import report_creation
from dashboard.imports.identity import Identity, identify_file, record_decision
from dashboard.models import ImportedFile, Report
from dashboard.text.error_messages import ErrorMessage, explain_error
from dashboard.workbook import WorkbookError

State = ImportedFile.State
UNDECIDED = (State.ARRIVED, State.ASKING)
logger = logging.getLogger(__name__)


def decide_outcomes(files: Sequence[ImportedFile]) -> list[Report]:
    """Save the outcome of each waiting file; return the reports whose files must now be read."""
    files_by_pack = defaultdict(list)
    for file in files:
        if identity := identify_or_set_outcome(file):
            files_by_pack[identity.account_uid, identity.pack_id].append((file, identity))
    for identified_files in files_by_pack.values():
        assign_or_ask(identified_files)
    reports = [file.report for file in files if file.report and file.report.under_way]
    return list({report.pk: report for report in reports}.values())


def identify_or_set_outcome(file: ImportedFile) -> Identity | None:
    """Return the file's complete identity, or None.

    If the identity is incomplete or the file is unreadable, its outcome is saved first.
    """
    try:
        result = identify_file(file)
    except WorkbookError as error:
        set_outcome(file, State.REFUSED, error_code=error.code, error_facts=dict(error.facts))
        return None
    except Exception:  # a defect or a storage error: this file keeps waiting, others go on
        logger.exception("Imported file %s could not be identified", file.pk)
        return None
    file.origin = result.origin
    if result.questions:
        ask_person(file, result.identity, result.questions)
        return None
    return result.identity


def assign_or_ask(identified_files: Sequence[tuple[ImportedFile, Identity]]) -> None:
    """Assign the files of one pack to reports; ask first if the pack would have to be created."""
    file, identity = identified_files[0]
    question = report_creation.find_unknown(identity)
    if question and not file.batch.creates_packs:
        for file, identity in identified_files:
            ask_person(file, identity, [question])
    else:
        assign_reports(identified_files)


def ask_person(file: ImportedFile, identity: Identity, questions: list[str]) -> None:
    """Have the file wait until a person decides."""
    set_outcome(file, State.ASKING, questions=questions, origin=file.origin, **identity._asdict())


def decide_by_person(file: ImportedFile, decided: Identity) -> None:
    """Assign the file to the report that a person names; account and pack are created if unknown.

    Other files of the batch that waited only for this account and pack are imported as well.
    """
    file.origin = record_decision(file.origin, decided)
    assign_reports([(file, decided)])
    waiting_files = ImportedFile.objects.filter(
        Q(questions=["account_unknown"]) | Q(questions=["pack_unknown"]),
        batch=file.batch_id,
        state=State.ASKING,
        account_uid=decided.account_uid,
        pack_id=decided.pack_id,
    )
    waiting_files.update(state=State.ARRIVED, questions=[])


def assign_reports(identified_files: Sequence[tuple[ImportedFile, Identity]]) -> None:
    """Find or create the reports of the files of one pack, and save the outcomes of the files."""
    with transaction.atomic():
        reports = report_creation.find_or_create_reports(identified_files)
        for (file, identity), (report, is_new) in zip(identified_files, reports, strict=True):
            state = State.ENTERED if is_new else State.THERE
            set_outcome(
                file,
                state,
                report=report,
                questions=[],
                origin=file.origin,
                **identity._asdict(),
            )


def set_outcome(file: ImportedFile, state: State, **fields: object) -> None:
    """Save the outcome of the file.

    If another process has saved an outcome already, load that one instead.
    """
    undecided_rows = ImportedFile.objects.filter(pk=file.pk, state__in=UNDECIDED)
    if undecided_rows.update(state=state, **fields):
        for name, value in {"state": state, **fields}.items():
            setattr(file, name, value)
    else:
        file.refresh_from_db()


def explain_file_error(file: ImportedFile) -> ErrorMessage | None:
    """Return why the file was rejected or its report failed; None if neither happened."""
    source = file.report or file  # both have the fields error_code and error_facts
    return explain_error(source.error_code, source.error_facts) if source.error_code else None
