"""What the queue's worker runs by itself: at its start and every minute.

The worker imports this module, and with it the queue modules of the rooms, whose tasks it runs.
"""

from django.db import connection
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, on_startup

from dashboard import workbook
from dashboard.generation import lifecycle
from dashboard.generation.queue import schedule_step
from dashboard.imports import batches
from dashboard.imports.queue import schedule_batch


@on_startup()  # type: ignore[untyped-decorator]
def prepare_worker() -> None:
    """Start a reader process for the first file, and resume what an earlier worker left."""
    workbook.start_reader()
    resume_overdue_work.call_local()


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def resume_overdue_work() -> None:
    """Schedule reports and batches whose queue entry was lost or whose worker died."""
    for report in lifecycle.find_overdue_reports():
        schedule_step(report.pk)
    for batch_id in batches.find_waiting_batches():
        schedule_batch(batch_id)
    lifecycle.remove_spans_of_ended_runs()


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def checkpoint_sqlite() -> None:
    """Move recent writes from SQLite's log into the database file, where reads are faster."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
