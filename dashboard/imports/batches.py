"""Import the waiting files of a batch: identify each file, then read and store its report."""

import time
from collections.abc import Sequence

from django.db.models import QuerySet

from dashboard.archive import parallel_reading
from dashboard.generation import lifecycle
from dashboard.imports import identity, outcomes
from dashboard.models import ImportedFile, Report

FILES_PER_CHUNK = 50  # the reports of so many files are created before the first one is stored


def import_waiting_files(batch_id: int) -> None:
    """Create, read and store the reports of the batch's waiting files.

    It is safe to run this again after the process was killed, or in two processes at once: the
    outcome of a file is written only once, and only the process that claims a report stores it.
    """
    files = list(find_waiting_files().filter(batch=batch_id).select_related("original", "batch"))
    for start in range(0, len(files), FILES_PER_CHUNK):
        chunk = files[start : start + FILES_PER_CHUNK]
        read_contents(chunk)
        reports = outcomes.decide_outcomes(chunk)
        read_and_store_reports(reports)


def read_contents(files: Sequence[ImportedFile]) -> None:
    """Read the files whose names state an account, several at once; their content is asked next."""
    uids = [identity.identify_by_name(file.name).account_uid for file in files]
    parallel_reading.read_originals(
        [
            (file.original, uid)
            for file, uid in zip(files, uids, strict=True)
            if file.original and uid
        ]
    )


def read_and_store_reports(reports: Sequence[Report]) -> None:
    """Read the files of the reports, several at once, and store the reports one after another."""
    for report, _error in parallel_reading.read_files(reports):
        # If the file could not be read, this step reads it again, and the report fails with the
        # error.
        lifecycle.take_due_step(report)


def finish_claimed_reports(batch_id: int) -> None:
    """Wait until no report of the batch is under way.

    Another process may be storing a report. If that process was killed, its claim ends after
    LEASE_SECONDS, and the report is stored here.
    """
    files = ImportedFile.objects.filter(batch=batch_id)
    reports = Report.objects.under_way().filter(pk__in=files.values("report"))
    while report := reports.first():
        lifecycle.advance_report(report.pk)
        time.sleep(0.2)


def find_waiting_batches() -> list[int]:
    """Return the ids of batches that have waiting files but no report under way.

    No process seems to be importing such a batch.
    """
    batches_in_progress = ImportedFile.objects.filter(report__state__in=Report.UNDER_WAY)
    waiting_files = find_waiting_files().exclude(batch__in=batches_in_progress.values("batch"))
    return list(waiting_files.order_by().values_list("batch", flat=True).distinct())


def find_waiting_files() -> QuerySet[ImportedFile]:
    """Return the files of all batches whose outcome is not decided yet."""
    return ImportedFile.objects.filter(state=ImportedFile.State.ARRIVED)
