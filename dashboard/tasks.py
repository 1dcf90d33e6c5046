"""The queue's entry points: each is a nudge to a flow, and does no harm when it comes twice."""

from django.db import connection, transaction
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task, on_startup

from dashboard import workbook
from dashboard.generation import lifecycle
from dashboard.imports import outcomes


def nudge(report_id: int, delay: float = 0) -> None:
    """Tells the queue, after the commit, that a report wants its next step in `delay` seconds."""
    transaction.on_commit(
        lambda: advance.schedule((report_id,), delay=delay) if delay else advance(report_id)
    )


@db_task()  # type: ignore[untyped-decorator]
def advance(report_id: int) -> None:
    delay = lifecycle.advance(report_id)
    if delay is not None:
        nudge(report_id, delay)


@on_startup()  # type: ignore[untyped-decorator]
def catch_up() -> None:
    """A worker that starts looks at once for what the last one left, and has a reader ready for the first file."""
    workbook.warm()
    sweep.call_local()


def nudge_imports(batch_id: int) -> None:
    """Tells the queue, after the commit, that the files of a batch want their verdicts."""
    transaction.on_commit(lambda: settle_imports(batch_id))


@db_task()  # type: ignore[untyped-decorator]
def settle_imports(batch_id: int) -> None:
    for report in outcomes.settle_batch(batch_id):
        nudge(report.pk)


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def write_back() -> None:
    """Every minute: moves what SQLite wrote lately from its log into the database, where reading it is quicker."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


@db_periodic_task(crontab())  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Every minute: nudges what has been left lying."""
    for report in lifecycle.left_lying():
        nudge(report.pk)
    for batch_id in outcomes.left_lying():
        nudge_imports(batch_id)
    lifecycle.clear_away()
