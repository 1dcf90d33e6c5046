"""The queue's entry points: each is a nudge to a flow, and does no harm when it comes twice."""

from django.db import connection, transaction
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task, on_startup

from dashboard import workbook
from dashboard.generation import lifecycle
from dashboard.imports import outcomes


def schedule_step(report_id: int, delay: float = 0) -> None:
    """Tells the queue, after the commit, that a report wants its next step in `delay` seconds."""
    transaction.on_commit(
        lambda: (
            take_next_step.schedule((report_id,), delay=delay)
            if delay
            else take_next_step(report_id)
        )
    )


@db_task()  # type: ignore[untyped-decorator]
def take_next_step(report_id: int) -> None:
    delay = lifecycle.advance_report(report_id)
    if delay is not None:
        schedule_step(report_id, delay)


@on_startup()  # type: ignore[untyped-decorator]
def run_at_start() -> None:
    """A worker that starts looks at once for what the last one left, and has a reader ready for the first file."""
    workbook.warm()
    resume_overdue_work.call_local()


def schedule_batch(batch_id: int) -> None:
    """Tells the queue, after the commit, that the files of a batch want their verdicts."""
    transaction.on_commit(lambda: decide_imported_files(batch_id))


@db_task()  # type: ignore[untyped-decorator]
def decide_imported_files(batch_id: int) -> None:
    for report in outcomes.decide_batch(batch_id):
        schedule_step(report.pk)


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def checkpoint_sqlite() -> None:
    """Every minute: moves what SQLite wrote lately from its log into the database, where reading it is quicker."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def resume_overdue_work() -> None:
    """Every minute: nudges what has been left lying."""
    for report in lifecycle.find_overdue_reports():
        schedule_step(report.pk)
    for batch_id in outcomes.find_waiting_batches():
        schedule_batch(batch_id)
    lifecycle.remove_spans_of_ended_runs()
