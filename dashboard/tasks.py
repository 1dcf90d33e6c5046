"""The tasks that the queue's worker runs at its start and every minute.

The worker finds all its tasks by importing this module, which imports the other queue modules.
"""

import logging

from django.core.management import call_command
from django.db import connection
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, on_startup

from dashboard import workbook
from dashboard.archive import location
from dashboard.archive.machine_faults import log_machine_faults
from dashboard.generation import bulk_requests, clock_changes, lifecycle, result_fetching
from dashboard.generation.bulk_queue import schedule_bulk_request
from dashboard.generation.queue import schedule_step
from dashboard.imports import batches
from dashboard.imports.queue import schedule_batch
from dashboard.ledger import change_counts

logger = logging.getLogger(__name__)


@on_startup()  # type: ignore[untyped-decorator]
def prepare_worker() -> None:
    """Start a reader process in advance, so that the first file need not wait for it.

    Then resume the unfinished work of earlier workers. Raises ArchiveMissingError.
    """
    location.require_archive()
    warn_of_missing_protections()
    workbook.start_reader()
    with log_machine_faults("The unfinished work of earlier workers"):
        # call_local runs the task now in this process; a plain call would add it to the queue.
        resume_overdue_work.call_local()


def warn_of_missing_protections() -> None:
    """Log what the kernel does not offer to protect this machine from harmful files."""
    if missing := workbook.find_missing_protections():
        logger.warning(
            "The kernel cannot keep the reader of files from: %s. Other limits hold.",
            ", ".join(missing),
        )


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def resume_overdue_work() -> None:
    """Every minute, schedule the work that no queue entry or worker advances.

    That is the case if a queue entry was lost or a worker died. Also remove the spans (stored
    evaluations) of failed, cancelled and withdrawn reports, and the parts of their lists.
    """
    clock_changes.bring_back_times()
    for report in lifecycle.find_overdue_reports():
        schedule_step(report.pk)
    for bulk_request_id in bulk_requests.find_due_requests():
        schedule_bulk_request(bulk_request_id)
    for batch_id in batches.find_waiting_batches():
        schedule_batch(batch_id)
    lifecycle.remove_leftover_spans()
    result_fetching.remove_leftovers()


@db_periodic_task(crontab(minute="17", hour="3"))  # type: ignore[untyped-decorator]
def clear_expired_sessions() -> None:
    """Every night, remove the sessions that have expired."""
    call_command("clearsessions")


@db_periodic_task(crontab(minute="7"))  # type: ignore[untyped-decorator]
def remove_abandoned_folders() -> None:
    """Every hour, remove the incomplete files that killed processes have left."""
    location.remove_abandoned_folders()


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def count_missing_changes() -> None:
    """Count what came and left in reports that were stored before these counts existed."""
    change_counts.count_missing_changes()


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def checkpoint_sqlite() -> None:
    """Every minute, move writes from SQLite's write-ahead log (WAL) into the database file.

    Reads are faster when the log is short. Does nothing on PostgreSQL.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
